import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const PAN = '4111111111111111';
let sallyport: Sallyport;
let custodian: string;
let second: string;
beforeAll(async () => {
  sallyport = await startSallyport({ servers: { echo: echoServer() } });
  custodian = await sallyport.newToken('keeper', [], ['custodian']);
  second = await sallyport.newToken('second', [], ['custodian']);
});
afterAll(() => sallyport?.stop());

async function api(token: string, method: string, path: string, body?: object) {
  const answer = await fetch(`${sallyport.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

async function callOnce(args: object): Promise<{ seq: number; request: { digest: string; commit: string } }> {
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  await client.call('echo', args);
  // Cast: an entry's own members.
  return (await sallyport.entries('call.intent')).at(-1) as never;
}

describe('a call leaves', () => {
  it('a masked body anybody with the role may read, and the exact request only a custodian with a reason', async () => {
    const { seq, request } = await callOnce({ card: PAN, amount: 12 });
    const read = await api(custodian, 'GET', `/audit/bodies/${request.digest}`);
    expect(read.body.body).toContain('"amount":12');
    expect(read.body.body).not.toContain(PAN);
    expect(
      (await sallyport.api('POST', `/audit/entries/${seq}/unmask`, { reason: 'looking around a bit' }))
        .status,
    ).toBe(403);
    const opened = await api(custodian, 'POST', `/audit/entries/${seq}/unmask`, {
      reason: 'fraud case 77, ordered',
    });
    expect(JSON.parse(opened.body.original).params.arguments).toEqual({ card: PAN, amount: 12 });
    expect((await sallyport.entries('unmask')).at(-1)).toMatchObject({
      actor: { name: 'keeper' },
      fields: { entrySeq: seq },
    });
    expect(JSON.stringify(await sallyport.entries())).not.toContain(PAN);
  });

  it('a card security code nowhere', async () => {
    const { seq } = await callOnce({ cvv: '739', note: 'nothing else' });
    const opened = await api(custodian, 'POST', `/audit/entries/${seq}/unmask`, {
      reason: 'fraud case 77, ordered',
    });
    expect(opened.body.original).not.toContain('739');
    expect(opened.body.original).toContain('nothing else');
  });
});

describe('to shred takes two people and no hold', () => {
  it('is proposed, confirmed by another, and then nobody opens it; a hold forbids it', async () => {
    const { seq } = await callOnce({ subject: 'to be forgotten' });
    const payload = { from: seq, until: seq + 1 };
    const reason = 'erasure request of today';
    const held = await api(custodian, 'POST', '/audit/holds', { payload, reason: 'case 77 is open still' });
    expect(held.status).toBe(202);
    expect(
      (await api(custodian, 'POST', `/proposals/${held.body.id}/confirm`, { digest: held.body.digest }))
        .status,
    ).toBe(403);
    expect(
      (await api(second, 'POST', `/proposals/${held.body.id}/confirm`, { digest: held.body.digest })).body
        .state,
    ).toBe('executed');
    expect((await api(custodian, 'POST', '/audit/shreds', { payload, reason })).body.detail).toMatch(
      /legal hold hld_/,
    );
    const [hold] = (await api(custodian, 'GET', '/audit/holds')).body.items;
    const release = await api(custodian, 'POST', '/audit/hold-releases', {
      payload: { hold: hold.id },
      reason: 'case 77 is closed',
    });
    await api(second, 'POST', `/proposals/${release.body.id}/confirm`, { digest: release.body.digest });
    const shred = await api(custodian, 'POST', '/audit/shreds', { payload, reason });
    const done = await api(second, 'POST', `/proposals/${shred.body.id}/confirm`, {
      digest: shred.body.digest,
    });
    expect(done.body).toMatchObject({ state: 'executed', outcome: '1 originals and 1 bodies are shredded' });
    expect(
      (await api(custodian, 'POST', `/audit/entries/${seq}/unmask`, { reason: 'once more, please' })).body
        .detail,
    ).toMatch(/shredded/);
    const kinds = (await sallyport.entries()).map(({ kind }) => kind);
    for (const kind of ['hold.placed', 'hold.released', 'shred', 'proposal.confirmed', 'proposal.executed'])
      expect(kinds).toContain(kind);
  });
});
