/**
 * Speed of the engine: `node packages/shared/test/masking/bench.ts`. Prints megabytes a second for 8 MB messages, clean,
 * dirty and adversarial, with every built-in detector, and microseconds for an answer of 2 KB.
 */
import { compilePlan, maskMessage } from '../../src/masking/index.ts';

const plan = compilePlan({ profiles: ['everything'] });
const encoder = new TextEncoder();
const SIZE_BYTES = Number(process.argv[2] ?? 8) * 1024 * 1024;

/** Milliseconds of processor time of this thread: other work on the machine doesn't count. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A small generator of numbers with a fixed seed: every run measures the same bytes. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

const next = numbers(7);
const WORDS =
  'the quick settlement of every open position was reviewed by the desk before close and no further action is needed at this time'.split(
    ' ',
  );
const prose = (count: number): string =>
  Array.from({ length: count }, () => WORDS[next() % WORDS.length]).join(' ');
const hex = (size: number): string =>
  Array.from({ length: size }, () => (next() >>> 12) % 16)
    .map((d) => d.toString(16))
    .join('');

function cleanRecord(i: number): object {
  return {
    id: i,
    uuid: `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    createdAt: `2024-0${1 + (i % 9)}-1${i % 9}T0${i % 9}:15:30.${100 + (i % 800)}Z`,
    status: 'settled',
    amount: (next() % 1_000_000) / 100,
    note: prose(18),
    tags: ['retail', 'eu-west', 'priority'],
    checksum: hex(40),
  };
}

/** A customer as a bank's system of record would give it: five values to hide among a dozen that stay. */
function customerRecord(i: number): object {
  return {
    id: i,
    customerId: `${hex(8)}-${hex(4)}-4${hex(3)}-b${hex(3)}-${hex(12)}`,
    segment: 'retail',
    branch: 'north-east region',
    email: `user${next() % 10_000}@example.com`,
    mobile: `(212) 555-${String(next() % 10_000).padStart(4, '0')}`,
    ssn: `${100 + (next() % 500)}-${10 + (next() % 89)}-${1000 + (next() % 8999)}`,
    card: {
      number: luhn(`4${String(next() % 1e9).padStart(9, '0')}${String(next() % 1e5).padStart(5, '0')}`),
      status: 'active',
    },
    dateOfBirth: `19${10 + (next() % 89)}-0${1 + (i % 9)}-1${i % 9}`,
    openedAt: `2019-0${1 + (i % 9)}-1${i % 9}T08:00:00Z`,
    balance: (next() % 10_000_000) / 100,
    currency: 'USD',
    notes: `${prose(30)}.`,
  };
}

/** Nothing but values: a finding every 47 bytes. */
function dirtyRecord(i: number): object {
  return {
    id: i,
    card: luhn(`4${String(next() % 1e9).padStart(9, '0')}${String(next() % 1e5).padStart(5, '0')}`),
    email: `user${next() % 10_000}@example.com`,
    phone: `(212) 555-${String(next() % 10_000).padStart(4, '0')}`,
    ssn: `${100 + (next() % 500)}-${10 + (next() % 89)}-${1000 + (next() % 8999)}`,
    ip: `10.${next() % 255}.${next() % 255}.${next() % 255}`,
    note: `${prose(14)} card ${luhn(`51${String(next() % 1e9).padStart(9, '0')}${String(next() % 1e4).padStart(4, '0')}`)} ${prose(6)}`,
    amount: (next() % 1_000_000) / 100,
  };
}

function luhn(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i += 1) {
    let digit = Number(body[body.length - 1 - i]);
    if (i % 2 === 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return body + String((10 - (sum % 10)) % 10);
}

function records(make: (i: number) => object, bytes: number): object[] {
  const list: object[] = [];
  for (let size = 0, i = 0; size < bytes; i += 1) {
    const record = make(i);
    size += JSON.stringify(record).length + 1;
    list.push(record);
  }
  return list;
}

const structured = (list: object[]): Uint8Array =>
  encoder.encode(
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [], structuredContent: { rows: list } } }),
  );
const text = (body: string): Uint8Array =>
  encoder.encode(
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: body }] } }),
  );

function measure(name: string, raw: Uint8Array, rounds = 12): void {
  let best = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let round = 0; round < rounds; round += 1) {
    const start = processorMs();
    const result = maskMessage(raw, plan);
    best = Math.min(best, processorMs() - start);
    found = result.findings.reduce((sum, finding) => sum + finding.count, 0);
    if (result.refused !== undefined) throw new Error(`${name}: ${result.refused.reason}`);
  }
  const rate = raw.length / 1e6 / (best / 1000);
  console.log(
    `${name.padEnd(34)} ${rate.toFixed(0).padStart(6)} MB/s  ${best.toFixed(1).padStart(8)} ms  ${found} findings`,
  );
}

function measureSmall(name: string, raw: Uint8Array): void {
  for (let i = 0; i < 20_000; i += 1) maskMessage(raw, plan);
  const rounds = 20_000;
  const start = processorMs();
  for (let i = 0; i < rounds; i += 1) maskMessage(raw, plan);
  const each = ((processorMs() - start) * 1000) / rounds;
  console.log(`${name.padEnd(34)} ${each.toFixed(1).padStart(6)} µs  (${raw.length} bytes)`);
}

const clean = records(cleanRecord, SIZE_BYTES);
const customers = records(customerRecord, SIZE_BYTES);
const dirty = records(dirtyRecord, SIZE_BYTES);
measure('clean records', structured(clean));
measure('customer records', structured(customers));
measure('dense records', structured(dirty));
measure('clean JSON in text', text(JSON.stringify(clean)));
measure('customer JSON in text', text(JSON.stringify(customers)));
measure('dense JSON in text', text(JSON.stringify(dirty)));
measure('clean prose', text(Array.from({ length: 60_000 }, () => `${prose(20)}.\n`).join('')));
measure(
  'dirty CSV',
  text(`id,email,card\n${dirty.map((r) => Object.values(r).slice(0, 3).join(',')).join('\n')}`),
);
const attacks: readonly (readonly [string, string])[] = [
  ['digits', '4'],
  ['digit groups', '4111 '],
  ['single digits', '4 '],
  ['letters', 'a'],
  ['capitals', 'A'],
  ['mixed', 'aB3'],
  ['at signs', 'a@'],
  ['colons', 'a:'],
  ['equals', 'password='],
  ['dashes', '-----BEGIN '],
  ['dots', '1.'],
  ['underscores', 'ghp_'],
  ['base64', 'NDEx'],
  ['base64 with signs', 'TTEx/Mz+'],
  ['commas', '1,'],
  ['lines', '1,2\n'],
  ['bars', '|a|ssn|\n'],
  ['percent', '%41'],
  ['references', '&#52;'],
  ['full-width', '４'],
  ['zero width', '4\u200b'],
  ['escapes', '\\"'],
  ['plus', '+1 '],
  ['brackets', '[{'],
  ['keys', 'BEGIN PRIVATE KEY-----'],
  ['BIC words', 'swift '],
];
if (process.argv[3] === 'quick') process.exit(0);
for (const [name, unit] of attacks)
  measure(`adversarial: ${name}`, text(unit.repeat(Math.ceil(1_000_000 / unit.length))), 2);
measure('adversarial: private keys', text('-----BEGIN PRIVATE KEY-----\n'.repeat(30_000)), 2);
measureSmall('2 KB clean', structured(records(cleanRecord, 1_900)));
measureSmall('2 KB of customers', structured(records(customerRecord, 1_900)));
measureSmall('2 KB dense', structured(records(dirtyRecord, 1_900)));
measureSmall('2 KB text', text(prose(330)));
