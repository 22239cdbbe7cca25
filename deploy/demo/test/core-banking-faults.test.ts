import type { Client } from '@modelcontextprotocol/client';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, connectHttp, connectStdio, type Era, type HttpProcess, startHttp } from './framework/bank.ts';
import { startPostgres, type ThrowAwayPostgres } from './framework/postgres.ts';

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
