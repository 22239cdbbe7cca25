import type { Client } from '@modelcontextprotocol/client';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectHttp, connectStdio, type Era, type HttpProcess, startHttp } from './framework/bank.ts';
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

async function call(client: Client, name: string, args: Record<string, unknown>) {
  const result = await client.callTool({ name, arguments: args });
  const text = result.content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
  // The tests look at members by name; a wrong shape fails their expectations.
  return { ...result, text, data: (result.structuredContent ?? {}) as Data };
}

/** Members of the tools' structured content that the tests read. */
interface Data {
  customers?: unknown[];
  payments?: { payment_id: string }[];
  next?: string | null;
  rows?: (string | number | null)[][];
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

describe('the database', () => {
  it('is seeded once, the same, when many processes start at the same time', async () => {
    const fresh = await postgres.createDatabase();
    const six = await Promise.all(Array.from({ length: 6 }, () => connectStdio('modern', fresh)));
    clients.push(...six);
    const sql = `select (select count(*) from customers), (select count(*) from core_banking.seed), (select md5(string_agg(card_number, ',' order by card_id)) from cards)`;
    const rows = await Promise.all(
      six.map(async (client) => (await call(client, 'run_query', { sql })).data.rows?.[0]),
    );
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
    expect(rows[0]?.slice(0, 2)).toEqual([200, 1]);
    // The other database was filled by other processes: the data is the same.
    const other = await connect('modern', 'stdio');
    expect((await call(other, 'run_query', { sql })).data.rows?.[0]?.[2]).toBe(rows[0]?.[2]);
  });

  it('may be away: a clear tool error, and the process serves again when it is back', async () => {
    const later = await postgres.createDatabase();
    const url = new URL(later.replace('postgres:///', 'postgres://x/'));
    const name = url.pathname.slice(1);
    const admin = new pg.Client(later.replace(`/${name}?`, '/postgres?'));
    await admin.connect();
    await admin.query(`alter database ${name} rename to ${name}_away`);
    const client = await connectStdio('legacy', later);
    clients.push(client);
    const away = await call(client, 'search_customers', { query: 'a' });
    expect(away.isError).toBe(true);
    expect(away.text).toMatch(/database_unavailable: .*can't be reached.*Nothing was changed/);
    await admin.query(`alter database ${name}_away rename to ${name}`);
    await admin.end();
    expect((await call(client, 'search_customers', { query: 'a' })).isError).not.toBe(true);
  });

  it('survives that its connections are cut', async () => {
    const client = await connect('modern', 'http');
    await call(client, 'get_account', { account_id: 'ACC-000001' });
    const admin = new pg.Client(databaseUrl);
    await admin.connect();
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'core-banking'`,
    );
    await admin.end();
    expect((await call(client, 'get_account', { account_id: 'ACC-000001' })).data).toMatchObject({
      account_id: 'ACC-000001',
    });
  });

  it('that is not configured is named by its variable', async () => {
    const client = await connectStdio('modern', undefined);
    clients.push(client);
    expect((await call(client, 'get_account', { account_id: 'ACC-000001' })).text).toContain(
      'CORE_BANKING_DATABASE_URL',
    );
  });
});

describe('over HTTP', () => {
  const post = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${http.port}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      }),
    });

  it('refuses a foreign Origin, takes a local one, and forgets an ended session', async () => {
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    const opened = await post({ origin: 'http://localhost:3000' });
    expect(opened.status).toBe(200);
    await opened.text();
    const session = opened.headers.get('mcp-session-id') ?? '';
    expect(session).not.toBe('');
    const end = () =>
      fetch(`http://127.0.0.1:${http.port}/mcp`, {
        method: 'DELETE',
        headers: { 'mcp-session-id': session },
      });
    expect((await end()).status).toBe(200);
    expect((await end()).status).toBe(404);
  });

  it('ends by itself when its parent is gone', async () => {
    const orphan = await startHttp(databaseUrl);
    orphan.disconnect();
    expect(await orphan.ended).toBe(0);
  });
});
