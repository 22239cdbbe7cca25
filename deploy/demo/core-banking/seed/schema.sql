-- The synthetic bank. Money is in minor units (pence, cents) as integers; nothing here is about a real person.
create schema if not exists core_banking;

create table if not exists core_banking.seed (
  version integer primary key,
  seeded_at timestamptz not null default now()
);

create table if not exists core_banking.customers (
  customer_id text primary key,
  kind text not null check (kind in ('person', 'company')),
  name text not null,
  email text not null,
  phone text not null,
  date_of_birth date,
  ssn text,
  address text not null,
  town text not null,
  postcode text not null,
  country text not null,
  risk_rating text not null check (risk_rating in ('low', 'medium', 'high')),
  customer_since date not null
);

create table if not exists core_banking.accounts (
  account_id text primary key,
  customer_id text not null references core_banking.customers,
  iban text not null unique,
  product text not null check (product in ('current', 'savings', 'business')),
  currency text not null check (currency in ('GBP', 'EUR')),
  balance_minor bigint not null check (balance_minor >= 0),
  status text not null check (status in ('open', 'frozen', 'closed')),
  opened_on date not null,
  closed_at timestamptz,
  closed_reason text
);

create table if not exists core_banking.cards (
  card_id text primary key,
  account_id text not null references core_banking.accounts,
  scheme text not null,
  card_number text not null unique,
  card_holder text not null,
  expires text not null,
  status text not null check (status in ('active', 'blocked'))
);

create table if not exists core_banking.payments (
  payment_id text primary key,
  account_id text not null references core_banking.accounts,
  direction text not null check (direction in ('debit', 'credit')),
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  counterparty_name text not null,
  counterparty_iban text not null,
  reference text not null,
  booked_at timestamptz not null
);

create sequence if not exists core_banking.payment_number start 90000001;
create index if not exists accounts_by_customer on core_banking.accounts (customer_id);
create index if not exists cards_by_account on core_banking.cards (account_id);
create index if not exists payments_by_account on core_banking.payments (account_id, booked_at desc, payment_id desc);
