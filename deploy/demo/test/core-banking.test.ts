import type { Client } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, connectHttp, connectStdio, type Era, type HttpProcess, startHttp } from './framework/bank.ts';
import { startPostgres, type ThrowAwayPostgres } from './framework/postgres.ts';

const TOOLS = [
  'close_account',
  'export_statement',
  'get_account',
  'list_payments',
  'run_query',
  'search_customers',
  'transfer_funds',
];

let postgres: ThrowAwayPostgres;
let http: HttpProcess;
let databaseUrl: string;
const clients: Client[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  http = await startHttp(databaseUrl);
});
afterAll(async () => {
  expect(await http.stop()).toBe(0);
  await postgres.stop();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(era: Era, transport: 'stdio' | 'http'): Promise<Client> {
  const client =
    transport === 'stdio' ? await connectStdio(era, databaseUrl) : await connectHttp(era, http.port);
  clients.push(client);
  return client;
}

const MATRIX = (['legacy', 'modern'] as const).flatMap((era) =>
  (['stdio', 'http'] as const).map((transport) => ({ era, transport })),
);

describe.each(MATRIX)('core-banking, $era over $transport', ({ era, transport }) => {
  it('lists the seven tools and answers the reading ones', async () => {
    const client = await connect(era, transport);
    expect(client.getNegotiatedProtocolVersion()).toBe(era === 'modern' ? '2026-07-28' : '2025-11-25');
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name).sort()).toEqual(TOOLS);

    const found = await call(client, 'search_customers', { query: 'CUS-000007' });
    expect(found.data.customers).toHaveLength(1);
    const account = await call(client, 'get_account', { account_id: 'ACC-000001' });
    expect(account.data).toMatchObject({ account_id: 'ACC-000001', balance_minor: expect.any(Number) });
    expect(account.text).toContain('IBAN');

    const first = await call(client, 'list_payments', { account_id: 'ACC-000001', limit: 2 });
    const next = await call(client, 'list_payments', {
      account_id: 'ACC-000001',
      limit: 2,
      after: first.data.next,
    });
    const ids = [...(first.data.payments ?? []), ...(next.data.payments ?? [])].map(
      (each) => each.payment_id,
    );
    expect(new Set(ids).size).toBe(4);
  });

  it('runs SQL, changes included, and says what Postgres refuses', async () => {
    const client = await connect(era, transport);
    const count = await call(client, 'run_query', {
      sql: 'select count(*) as n, 1.50::numeric, null from customers',
    });
    expect(count.data).toMatchObject({
      command: 'SELECT',
      columns: ['n', 'numeric', '?column?'],
      rows: [[200, '1.50', null]],
    });
    const update = await call(client, 'run_query', {
      sql: `update customers set risk_rating = 'high' where customer_id = 'CUS-000002'`,
    });
    expect(update.data).toMatchObject({ command: 'UPDATE', row_count: 1 });
    const many = await call(client, 'run_query', { sql: 'select * from generate_series(1, 20000)' });
    expect(many.data).toMatchObject({ row_count: 20000, truncated: true });
    expect(many.data.rows).toHaveLength(500);

    const wrong = await call(client, 'run_query', { sql: 'selekt 1' });
    expect(wrong.isError).toBe(true);
    expect(wrong.text).toContain('42601');
    const two = await call(client, 'run_query', { sql: 'select 1; drop table payments' });
    expect(two.isError).toBe(true);
    expect((await call(client, 'run_query', { sql: 'select 1 from payments limit 1' })).isError).not.toBe(
      true,
    );
  });

  it('exports a statement as an embedded CSV', async () => {
    const client = await connect(era, transport);
    const result = await call(client, 'export_statement', {
      account_id: 'ACC-000003',
      from: '2025-07-01',
      to: '2026-06-30',
    });
    const resource = result.content.find((block) => block.type === 'resource')?.resource;
    expect(resource).toMatchObject({ mimeType: 'text/csv', uri: expect.stringContaining('ACC-000003') });
    const lines = (resource && 'text' in resource ? resource.text : '').trimEnd().split('\r\n');
    expect(lines[0]).toBe('booked_at,payment_id,amount,currency,counterparty,counterparty_iban,reference');
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.slice(1).every((line) => /^\d{4}-.*Z,PAY-\d{8},-?\d+\.\d{2},(GBP|EUR),/.test(line))).toBe(
      true,
    );
  });

  it('refuses bad input in words', async () => {
    const client = await connect(era, transport);
    const cases: [string, Record<string, unknown>, RegExp][] = [
      ['get_account', { account_id: 'ACC-999999' }, /no account ACC-999999/],
      ['get_account', { account_id: '1 or 1=1' }, /looks like ACC-000001/],
      [
        'transfer_funds',
        { from_account: 'ACC-000001', to_account: 'ACC-000004', amount_minor: 1.5, reference: 'x' },
        /amount_minor/,
      ],
      [
        'transfer_funds',
        { from_account: 'ACC-000001', to_account: 'ACC-000001', amount_minor: 1, reference: 'x' },
        /same account/,
      ],
      [
        'export_statement',
        { account_id: 'ACC-000001', from: '2026-02-30', to: '2026-03-01' },
        /a day looks like/,
      ],
      ['search_customers', { query: 'a', colour: 'red' }, /colour/],
    ];
    for (const [name, args, expected] of cases) {
      const result = await call(client, name, args);
      expect(result.isError, name).toBe(true);
      expect(result.text).toMatch(expected);
    }
  });
});

describe('money', () => {
  it('moves by transfer_funds, both sides or none', async () => {
    const client = await connect('modern', 'stdio');
    const pair = await call(client, 'run_query', {
      sql: `select account_id, balance_minor from accounts where currency = 'GBP' and status = 'open' and balance_minor > 100000 order by 1 limit 2`,
    });
    const [from, to] = (pair.data.rows ?? []).map((row) => String(row[0]));
    const before = Number(pair.data.rows?.[0]?.[1]);
    const total = 'select sum(balance_minor) from accounts';
    const sum = (await call(client, 'run_query', { sql: total })).data.rows;

    const moved = await call(client, 'transfer_funds', {
      from_account: from,
      to_account: to,
      amount_minor: 12_345,
      reference: 'test',
    });
    expect(moved.data).toMatchObject({
      amount_minor: 12_345,
      balance_after_minor: before - 12_345,
      currency: 'GBP',
    });
    expect(moved.text).toContain('123.45 GBP');
    const refused = await call(client, 'transfer_funds', {
      from_account: from,
      to_account: to,
      amount_minor: before,
      reference: 'test',
    });
    expect(refused.isError).toBe(true);
    expect((await call(client, 'run_query', { sql: total })).data.rows).toEqual(sum);
  });

  it('must be gone before an account can be closed', async () => {
    const client = await connect('legacy', 'http');
    const pick = async (where: string) =>
      (
        await call(client, 'run_query', {
          sql: `select account_id from accounts where status = 'open' and ${where} order by 1 limit 1`,
        })
      ).data.rows?.[0]?.[0];
    const full = await call(client, 'close_account', {
      account_id: await pick('balance_minor > 0'),
      reason: 'left the bank',
    });
    expect(full.text).toMatch(/holds .* Move the balance first/);
    const empty = await pick('balance_minor = 0');
    expect(
      (await call(client, 'close_account', { account_id: empty, reason: 'left the bank' })).data,
    ).toMatchObject({ status: 'closed' });
    expect(
      (await call(client, 'close_account', { account_id: empty, reason: 'left the bank' })).text,
    ).toMatch(/is closed/);
  });
});
