import { describe, expect, it } from 'vitest';
import { generateBank } from '../core-banking/seed/generate.ts';
import { iban, luhnDigit } from '../core-banking/seed/numbers.ts';

const bank = generateBank();

describe('the synthetic bank', () => {
  it('is the same every time', () => {
    expect(generateBank()).toEqual(bank);
  });

  it('has card numbers of test ranges that pass Luhn, each once', () => {
    expect(luhnDigit('7992739871')).toBe('3');
    const numbers = bank.cards.map((card) => card.card_number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) {
      expect(number).toMatch(/^(42424242|40000000|55555555|22230000)\d{8}$|^37828224\d{7}$/);
      expect(luhnDigit(number.slice(0, -1))).toBe(number.at(-1));
    }
  });

  it('has IBANs with right check digits, each once', () => {
    // The registry's own examples (ISO 13616).
    expect(iban('GB', 'NWBK60161331926819')).toBe('GB29NWBK60161331926819');
    expect(iban('DE', '370400440532013000')).toBe('DE89370400440532013000');
    const all = bank.accounts.map((account) => account.iban);
    expect(new Set(all).size).toBe(all.length);
    for (const each of all) {
      const digits = (each.slice(4) + each.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
        String(letter.charCodeAt(0) - 55),
      );
      expect(BigInt(digits) % 97n).toBe(1n);
      expect(each).toMatch(/^(GB\d\d[A-Z]{4}\d{14}|DE\d{20}|NL\d\d[A-Z]{4}\d{10})$/);
    }
  });

  it('has social security numbers that were never issued', () => {
    const numbers = bank.customers.flatMap((customer) => (customer.ssn === null ? [] : [customer.ssn]));
    expect(numbers.length).toBeGreaterThan(50);
    for (const number of numbers) expect(number).toMatch(/^9\d\d-[0-6]\d-(?!0000)\d{4}$/);
  });

  it('keeps money in integers that fit', () => {
    const amounts = [
      ...bank.accounts.map((each) => each.balance_minor),
      ...bank.payments.map((each) => each.amount_minor),
    ];
    expect(amounts.every(Number.isSafeInteger)).toBe(true);
    expect(bank.accounts.some((each) => each.balance_minor === 0)).toBe(true);
  });
});
