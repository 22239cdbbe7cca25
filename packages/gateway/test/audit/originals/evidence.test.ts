import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAudit } from '../../../src/audit/index.ts';
import { withoutCardCodes } from '../../../src/audit/originals/card-codes.ts';
import { hmac, openRecord, sealRecord } from '../../../src/audit/originals/envelope.ts';
import { openSealer } from '../../../src/store/index.ts';
import { quietLogger as logger, temporaryFolder } from '../../store/postgres.ts';
import { auditOn, freshDatabase, ownerClient, storeOn } from '../fixture.ts';

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const body = Buffer.from(
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"card":"[PAN]"}}}',
);
const original = Buffer.from(
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"card":"4111111111111111"}}}',
);
const custodian = { kind: 'service-account', name: 'custodian' } as const;

function intent(call: string) {
  return {
    kind: 'call.intent',
    actor: { kind: 'service-account', name: 'robot' },
    call,
    server: 'ledger',
    request: { digest: sha(body), bytes: body.length },
  } as const;
}

async function open() {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const audit = await auditOn(store);
  return { url, store, audit };
}

describe('what is kept beside an entry', () => {
  it('is durable with it: the body by its digest, once, the exact request only under seal', async () => {
    const { url, audit } = await open();
    const recorded = await Promise.all(
      ['a', 'b', 'c'].map((call) => audit.record(intent(`cal_${call}`), { body, original })),
    );
    expect(await audit.body(sha(body))).toEqual(body);
    const client = await ownerClient(url);
    expect((await client.query('SELECT count(*)::int AS n FROM audit_bodies')).rows[0].n).toBe(1);
    const { rows } = await client.query('SELECT seq, wrapped_key, sealed FROM audit_originals ORDER BY seq');
    expect(rows.map(({ seq }) => Number(seq))).toEqual(recorded.map(({ seq }) => seq));
    // Every commitment is its own: the same request twice can't be told from two.
    const leaves = await audit.leaves(recorded[0]?.seq ?? 0, (recorded[2]?.seq ?? 0) + 1);
    const commits = leaves.map(({ leaf }) => JSON.parse(leaf).request.commit);
    expect(new Set(commits).size).toBe(3);
    const everything = Buffer.concat([
      ...rows.flatMap(({ wrapped_key, sealed }) => [wrapped_key, sealed]),
      Buffer.from(leaves.map(({ leaf }) => leaf).join()),
    ]);
    expect(everything.includes('4111111111111111')).toBe(false);
  });

  it('opens to who says why, and that is in the log before', async () => {
    const { audit } = await open();
    const { seq, id } = await audit.record(intent('cal_a'), { body, original });
    expect(await audit.unmask(seq, custodian, 'fraud case 77', { ip: '127.0.0.1' })).toEqual(original);
    const [entry] = await audit.search({ kind: 'unmask', limit: 1 });
    expect(JSON.parse(entry?.leaf ?? '')).toMatchObject({
      actor: custodian,
      fields: { entry: id, entrySeq: seq, reason: 'fraud case 77' },
    });
    await expect(audit.unmask(seq + 1, custodian, 'fraud case 77')).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('does not open where it is another entry’s, and says so', async () => {
    const { url, audit } = await open();
    const first = await audit.record(intent('cal_a'), { body, original });
    const second = await audit.record(intent('cal_b'), { body, original });
    const client = await ownerClient(url);
    await client.query(
      `UPDATE audit_originals a SET wrapped_key = b.wrapped_key, sealed = b.sealed FROM audit_originals b WHERE a.seq = $1 AND b.seq = $2`,
      [first.seq, second.seq],
    );
    await expect(audit.unmask(first.seq, custodian, 'fraud case 77')).rejects.toThrow();
  });

  it('is shredded for ever, unless a hold covers it, and the entry still stands', async () => {
    const { audit } = await open();
    const { seq } = await audit.record(intent('cal_a'), { body, original });
    const scope = { from: seq, until: seq + 1, principal: 'robot' };
    const hold = { id: 'hld_1', scope: { from: 0, until: 100, server: 'ledger' }, reason: 'case 77' };
    await audit.placeHold(hold, 'ann and bob');
    await expect(audit.shred(scope, 'prp_1')).rejects.toMatchObject({ code: 'held', message: /hld_1/ });
    expect(await audit.unmask(seq, custodian, 'fraud case 77')).toEqual(original);
    await audit.releaseHold('hld_1', 'ann and bob');
    expect(await audit.shred({ ...scope, principal: 'somebody' }, 'prp_1')).toEqual({
      records: 0,
      bodies: 0,
    });
    expect(await audit.shred(scope, 'prp_1')).toEqual({ records: 1, bodies: 1 });
    expect(await audit.shred(scope, 'prp_1')).toEqual({ records: 0, bodies: 0 });
    await expect(audit.unmask(seq, custodian, 'fraud case 77')).rejects.toMatchObject({ code: 'shredded' });
    expect(await audit.body(sha(body))).toBeUndefined();
    // What is said again is kept again.
    await audit.record(intent('cal_b'), { body, original });
    expect(await audit.body(sha(body))).toEqual(body);
    expect((await audit.search({ kind: 'shred', limit: 5 })).length).toBe(3);
  });

  it('a body that another entry names stays, held or not', async () => {
    const { audit } = await open();
    const { seq } = await audit.record(intent('cal_a'), { body, original });
    await audit.record(intent('cal_b'), { body, original });
    await audit.placeHold(
      { id: 'hld_2', scope: { from: seq + 1, until: seq + 2 }, reason: 'case 78' },
      'ann and bob',
    );
    expect(await audit.shred({ from: seq, until: seq + 1 }, 'prp_2')).toEqual({ records: 1, bodies: 0 });
    expect(await audit.body(sha(body))).toEqual(body);
    expect(await audit.unmask(seq + 1, custodian, 'fraud case 78')).toEqual(original);
  });

  it('what cannot be recorded is not shredded', async () => {
    const { url, audit } = await open();
    const { seq } = await audit.record(intent('cal_a'), { body, original });
    const client = await ownerClient(url);
    await client.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
    );
    await client.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse()',
    );
    await expect(audit.shred({ from: seq, until: seq + 1 }, 'prp_3')).rejects.toMatchObject({
      code: 'unavailable',
    });
    await client.query('DROP TRIGGER refuse ON audit_entries');
    await expect.poll(() => audit.healthy()).toBe(true);
    expect(await audit.unmask(seq, custodian, 'fraud case 77')).toEqual(original);
    expect(await audit.body(sha(body))).toEqual(body);
  });

  it('is not there without its entry: a flush that fails leaves neither', async () => {
    const { url, audit, store } = await open();
    const client = await ownerClient(url);
    await client.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
    );
    await client.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON audit_originals FOR EACH ROW EXECUTE FUNCTION refuse()',
    );
    const before = audit.size();
    await expect(audit.record(intent('cal_a'), { body, original })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await client.query('DROP TRIGGER refuse ON audit_originals');
    await expect.poll(() => audit.healthy()).toBe(true);
    const { rows } = await store.pool.query(
      'SELECT (SELECT count(*)::int FROM audit_bodies) AS bodies, (SELECT count(*)::int FROM audit_originals) AS originals',
    );
    expect(rows[0]).toEqual({ bodies: 0, originals: 0 });
    expect((await audit.search({ call: 'cal_a', limit: 5 })).length).toBe(0);
    expect(audit.size()).toBeGreaterThan(before);
  });

  it('a master key that does not open it stops the start, and names the key it needs', async () => {
    const { audit, store } = await open();
    await audit.close();
    const other = await openSealer(join(await temporaryFolder(), 'other.key'), { createIfMissing: true });
    await expect(
      openAudit({ store, slot: 0, deploymentName: 'test', clock: systemClock, logger, sealer: other }),
    ).rejects.toMatchObject({ code: 'key_mismatch', message: /sealed with master key [0-9a-f]{16}/ });
  });
});

describe('envelopes', () => {
  it('commit by HMAC-SHA-256', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        (key, bytes) => {
          expect(hmac(key, bytes)).toBe(createHmac('sha256', key).update(bytes).digest('hex'));
        },
      ),
    );
  });

  it('never use a key or nonce twice', () => {
    const key = createSecretKey(Buffer.alloc(32, 7));
    const made = Array.from({ length: 500 }, () => sealRecord(Buffer.from('x'), key, 'ent_1'));
    const nonces = made
      .flatMap(({ wrappedKey, sealed }) => [wrappedKey, sealed])
      .map((each) => each.toString('hex', 0, 12));
    expect(new Set(nonces).size).toBe(1_000);
    expect(new Set(made.map(({ commit }) => commit)).size).toBe(500);
  });

  it('open to the same bytes under the same key and context, and to nothing else', () => {
    const key = createSecretKey(Buffer.alloc(32, 7));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(), fc.nat(), (bytes, at, bit) => {
        const envelope = sealRecord(bytes, key, 'ent_1');
        expect(openRecord(envelope, key, 'ent_1')).toEqual(Buffer.from(bytes));
        expect(() => openRecord(envelope, key, 'ent_2')).toThrow();
        expect(() => openRecord(envelope, createSecretKey(Buffer.alloc(32, 8)), 'ent_1')).toThrow();
        const bent = Buffer.from(envelope.sealed);
        const index = at % bent.length;
        bent[index] = (bent[index] ?? 0) ^ (1 << (bit % 8));
        expect(() => openRecord({ ...envelope, sealed: bent }, key, 'ent_1')).toThrow();
        expect(() => openRecord({ ...envelope, commit: '0'.repeat(64) }, key, 'ent_1')).toThrow();
      }),
    );
  });
});

describe('card security codes and PINs', () => {
  const call = (args: object) =>
    Buffer.from(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'pay', arguments: args },
      }),
    );
  it.each([
    [{ cvv: '123' }],
    [{ CVC2: 987 }],
    [{ card: { securityCode: '4321' } }],
    [{ pin: '0042' }],
    [{ note: 'the cvv is 123 and the rest is fine' }],
    [{ note: 'PIN: 0042' }],
    [{ table: 'card,cvv\n4111,123\n' }],
  ])('%j is kept in no form', (args) => {
    const kept = withoutCardCodes(call(args))?.toString() ?? '';
    expect(kept).not.toMatch(/\b(123|987|4321|0042)\b/);
    expect(() => JSON.parse(kept)).not.toThrow();
  });
  it('also not behind an escape', () => {
    expect(
      withoutCardCodes(
        Buffer.from('{"jsonrpc":"2.0","id":1,"method":"x","params":{"arguments":{"\\u0063vv":"123"}}}'),
      )?.toString(),
    ).not.toContain('123');
  });
  it('what has none is the same buffer', () => {
    for (const args of [{ amount: 123 }, { shipping: 'spin 4 times' }, { city: 'Springfield' }]) {
      const raw = call(args);
      expect(withoutCardCodes(raw)).toBe(raw);
    }
  });
});
