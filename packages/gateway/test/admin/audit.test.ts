import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.stop();
});

const read = (query: string) => api.call('GET', `/api/v1/audit/entries?${query}`, { as: 'auditor' });

describe('reading the audit log', () => {
  test('a reading is an entry before it is an answer: it finds itself', async () => {
    const { body } = await read('kind=log.read&limit=1');
    expect(body.items).toMatchObject([
      {
        kind: 'log.read',
        entry: { actor: { name: 'test-auditor' }, fields: { query: { kind: 'log.read', limit: 1 } } },
      },
    ]);
  });

  test('pages go through the whole log once, in both directions', async () => {
    for (let i = 0; i < 5; i += 1) await api.group(`for-the-log-${i}`);
    for (const order of ['newest', 'oldest'] as const) {
      const seqs: number[] = [];
      let after: string | undefined;
      do {
        const query = `kind=config.change&order=${order}&limit=2${after === undefined ? '' : `&after=${after}`}`;
        const page = await read(query);
        seqs.push(...page.body.items.map((item: { seq: number }) => item.seq));
        after = page.body.next;
      } while (after !== undefined);
      const sorted = [...seqs].sort((a, b) => (order === 'newest' ? b - a : a - b));
      expect(seqs).toEqual(sorted);
      expect(new Set(seqs).size).toBe(seqs.length);
      expect(seqs.length).toBeGreaterThanOrEqual(5);
    }
  });

  test('the filters by time take a day or an instant with an offset', async () => {
    await api.group('timed');
    expect((await read('kind=config.change&from=2999-01-01')).body.items).toEqual([]);
    expect((await read('kind=config.change&until=2000-01-01T00:00:00%2B02:00')).body.items).toEqual([]);
    expect((await read('kind=config.change&from=2000-01-01')).body.items.length).toBeGreaterThan(0);
  });

  test('one entry comes with the leaf whose hash is in the log', async () => {
    const { body: page } = await read('limit=1');
    const seq: number = page.items[0].seq;
    const { body } = await api.call('GET', `/api/v1/audit/entries/${seq}`, { as: 'auditor' });
    const hash = createHash('sha256').update('\0').update(body.leaf, 'utf8').digest('hex');
    expect(body.leafHash).toBe(hash);
    expect(JSON.parse(body.leaf)).toEqual(body.entry);
    expect((await api.call('GET', '/api/v1/audit/entries/99999999', { as: 'auditor' })).status).toBe(404);
  });
});
