import { readNumber } from '../numbers.ts';
import { type DeclaredArgument, itemsAt, stepsOf, UNREADABLE } from './declared.ts';

/** Money that a call moves. `total` and `largest` are texts of decimals in whole units. */
export interface AmountFacts {
  /** Whether each amount is a number that can be compared. If not, the amounts are the largest there are. */
  readonly readable: boolean;
  /** Sum of the amounts, each without its sign. */
  readonly total: string;
  readonly largest: string;
  /** Whether one is below zero. */
  readonly negative: boolean;
  /** ISO 4217, upper case; empty where it isn't known or there are several. */
  readonly currency: string;
  readonly count: number;
}

/** Cedar's decimals count ten-thousandths in 64 bits. */
const MOST = 2n ** 63n - 1n;
const PER_UNIT = 10_000n;
const CURRENCY = /^[A-Za-z]{3}$/;

/** Tells the text of a number that the parser of the arguments kept exactly. */
type Lexeme = (value: unknown) => string | undefined;

/** Gathers amounts; each must be a number, or a text that is one. */
export class AmountTally {
  #total = 0n;
  #largest = 0n;
  #negative = false;
  #readable = true;
  #count = 0;
  readonly #currencies = new Set<string>();

  /** @param values what stands at the declared argument; may be UNREADABLE. */
  take(declared: DeclaredArgument, values: readonly unknown[], args: unknown, lexemeOf: Lexeme): void {
    for (const value of values) {
      this.#count += 1;
      const amount = value === UNREADABLE ? undefined : tenThousandths(value, declared.scale ?? 0, lexemeOf);
      if (amount === undefined) this.#readable = false;
      else this.#add(amount);
    }
    if (values.length > 0)
      for (const currency of currenciesOf(declared, args)) this.#currencies.add(currency);
  }

  #add(amount: bigint): void {
    const size = amount < 0n ? -amount : amount;
    if (amount < 0n) this.#negative = true;
    if (size > this.#largest) this.#largest = size;
    this.#total += size;
    if (this.#total > MOST) this.#readable = false;
  }

  facts(): AmountFacts | undefined {
    if (this.#count === 0) return undefined;
    const [currency = ''] = this.#currencies.size === 1 ? this.#currencies : [];
    const readable = this.#readable;
    return {
      readable,
      total: decimalText(readable ? this.#total : MOST),
      largest: decimalText(readable ? this.#largest : MOST),
      negative: this.#negative || !readable,
      currency,
      count: this.#count,
    };
  }
}

/** A number in ten-thousandths of a unit, rounded away from zero; undefined where it isn't one that can be compared. */
function tenThousandths(value: unknown, scale: number, lexemeOf: Lexeme): bigint | undefined {
  const text = lexemeOf(value) ?? (typeof value === 'number' || typeof value === 'string' ? `${value}` : '');
  // A double beyond 2^53 has been rounded already.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  const number = readNumber(text);
  if (number.kind === 'beyond') return undefined;
  const [whole = '', fraction = ''] = number.text.split('.');
  const digits = BigInt(`${whole}${fraction.padEnd(4, '0')}`);
  const divisor = 10n ** BigInt(scale);
  const cut = digits / divisor;
  if (cut * divisor === digits) return cut;
  return digits < 0n ? cut - 1n : cut + 1n;
}

function currenciesOf({ currency, currencyArgument }: DeclaredArgument, args: unknown): string[] {
  const given = currencyArgument === undefined ? [] : itemsAt(args, stepsOf(currencyArgument) ?? []);
  if (given.length === 0) return [currency ?? ''];
  return given.map((one) => (typeof one === 'string' && CURRENCY.test(one) ? one.toUpperCase() : ''));
}

function decimalText(amount: bigint): string {
  return `${amount / PER_UNIT}.${(amount % PER_UNIT).toString().padStart(4, '0')}`;
}
