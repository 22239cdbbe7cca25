import { testCardNumber, testIban, testPhone, testSsn } from './numbers.ts';
import { Choices } from './random.ts';
import {
  COMPANY_TRADES,
  COMPANY_WORDS,
  FAMILY_NAMES,
  GIVEN_NAMES,
  MERCHANTS,
  REFERENCES,
  STREETS,
  TOWNS,
} from './words.ts';

/** Rows as the tables take them; names are the columns'. Money in minor units. */
export interface SyntheticBank {
  readonly customers: readonly CustomerRow[];
  readonly accounts: readonly AccountRow[];
  readonly cards: readonly CardRow[];
  readonly payments: readonly PaymentRow[];
}

interface CustomerRow {
  customer_id: string;
  kind: 'person' | 'company';
  name: string;
  email: string;
  phone: string;
  date_of_birth: string | null;
  ssn: string | null;
  address: string;
  town: string;
  postcode: string;
  country: string;
  risk_rating: 'low' | 'medium' | 'high';
  customer_since: string;
}

interface AccountRow {
  account_id: string;
  customer_id: string;
  iban: string;
  product: 'current' | 'savings' | 'business';
  currency: 'GBP' | 'EUR';
  balance_minor: number;
  status: 'open' | 'frozen' | 'closed';
  opened_on: string;
}

interface CardRow {
  card_id: string;
  account_id: string;
  scheme: string;
  card_number: string;
  card_holder: string;
  expires: string;
  status: 'active' | 'blocked';
}

interface PaymentRow {
  payment_id: string;
  account_id: string;
  direction: 'debit' | 'credit';
  amount_minor: number;
  currency: string;
  counterparty_name: string;
  counterparty_iban: string;
  reference: string;
  booked_at: string;
}

const CUSTOMERS = 200;
const SEED = 0x5a11;
/** The bank's calendar stands still so that the data is the same whenever it is made. */
const FIRST_DAY = Date.UTC(2025, 6, 1);
const DAYS = 365;
const DAY_MS = 86_400_000;

/** Makes the whole bank in memory: pure, always the same. */
export function generateBank(): SyntheticBank {
  const choices = new Choices(SEED);
  const customers: CustomerRow[] = [];
  const accounts: AccountRow[] = [];
  const cards: CardRow[] = [];
  for (let index = 1; index <= CUSTOMERS; index += 1) {
    const customer = makeCustomer(index, choices);
    customers.push(customer);
    for (let count = choices.between(1, 3); count > 0; count -= 1) {
      const account = makeAccount(accounts.length + 1, customer, choices);
      accounts.push(account);
      if (account.product !== 'savings') cards.push(makeCard(cards.length + 1, account, customer, choices));
    }
  }
  return { customers, accounts, cards, payments: makePayments(accounts, choices) };
}

function makeCustomer(index: number, choices: Choices): CustomerRow {
  const company = choices.chance(0.25);
  const place = choices.pick(TOWNS);
  const given = choices.pick(GIVEN_NAMES);
  const family = choices.pick(FAMILY_NAMES);
  const name = company
    ? `${choices.pick(COMPANY_WORDS)} ${choices.pick(COMPANY_TRADES)} Ltd (synthetic)`
    : `${given} ${family}`;
  return {
    customer_id: `CUS-${String(index).padStart(6, '0')}`,
    kind: company ? 'company' : 'person',
    name,
    email: company
      ? `accounts.${index}@company.example`
      : `${given}.${family}.${index}@mail.example`.toLowerCase(),
    phone: testPhone(index),
    date_of_birth: company
      ? null
      : day(Date.UTC(choices.between(1945, 2004), choices.between(0, 11), choices.between(1, 28))),
    ssn: company ? null : testSsn(index),
    address: `${choices.between(1, 220)} ${choices.pick(STREETS)}`,
    town: place.town,
    postcode: place.postcode,
    country: place.country,
    risk_rating: choices.chance(0.08) ? 'high' : choices.chance(0.2) ? 'medium' : 'low',
    customer_since: day(
      Date.UTC(choices.between(2005, 2024), choices.between(0, 11), choices.between(1, 28)),
    ),
  };
}

function makeAccount(index: number, customer: CustomerRow, choices: Choices): AccountRow {
  const { iban, currency } = testIban(index);
  const empty = choices.chance(0.06);
  return {
    account_id: `ACC-${String(index).padStart(6, '0')}`,
    customer_id: customer.customer_id,
    iban,
    product: customer.kind === 'company' ? 'business' : choices.chance(0.3) ? 'savings' : 'current',
    currency,
    balance_minor: empty ? 0 : choices.between(10_00, 85_000_00),
    status: choices.chance(0.03) ? 'frozen' : 'open',
    opened_on: customer.customer_since,
  };
}

function makeCard(index: number, account: AccountRow, customer: CustomerRow, choices: Choices): CardRow {
  const { scheme, number } = testCardNumber(index);
  return {
    card_id: `CRD-${String(index).padStart(6, '0')}`,
    account_id: account.account_id,
    scheme,
    card_number: number,
    card_holder: customer.name.toUpperCase(),
    expires: `${choices.between(2027, 2031)}-${String(choices.between(1, 12)).padStart(2, '0')}`,
    status: choices.chance(0.05) ? 'blocked' : 'active',
  };
}

function makePayments(accounts: readonly AccountRow[], choices: Choices): PaymentRow[] {
  const drafts: Omit<PaymentRow, 'payment_id'>[] = [];
  for (const account of accounts) {
    for (let count = choices.between(6, 18); count > 0; count -= 1) {
      drafts.push({
        account_id: account.account_id,
        direction: choices.chance(0.65) ? 'debit' : 'credit',
        amount_minor: choices.chance(0.1)
          ? choices.between(1_000_00, 20_000_00)
          : choices.between(1_50, 900_00),
        currency: account.currency,
        counterparty_name: choices.pick(MERCHANTS),
        counterparty_iban: testIban(choices.between(100_000, 900_000)).iban,
        reference: `${choices.pick(REFERENCES)} ${choices.between(1000, 9999)}`,
        booked_at: new Date(
          FIRST_DAY + choices.between(0, DAYS - 1) * DAY_MS + choices.between(0, 86_399) * 1000,
        ).toISOString(),
      });
    }
  }
  drafts.sort((left, right) => left.booked_at.localeCompare(right.booked_at));
  return drafts.map((draft, index) => ({
    payment_id: `PAY-${String(index + 1).padStart(8, '0')}`,
    ...draft,
  }));
}

function day(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}
