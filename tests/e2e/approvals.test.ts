import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Approving, startApproving } from '../framework/approving.ts';

let on: Approving;
beforeAll(async () => {
  on = await startApproving();
});
afterAll(() => on?.sallyport.stop());

const result = (text: string) => JSON.parse(text).result;
const error = (text: string) => JSON.parse(text).error;
const last = (messages: readonly string[]) => messages.at(-1) ?? '';

describe('a held call', () => {
  it('waits, goes on when approved, and is recorded from the request to its use', async () => {
    const engineer = await on.client();
    const call = engineer.call('echo', { amount: 101, note: 'wait' });
    const asked = await on.waiting();
    expect(
      await on.sallyport.entries('call.intent').then((all) => all.filter(({ tool }) => tool === 'echo')),
    ).toEqual([]);
    const subject = await on.as('alice', 'GET', `/approvals/${asked.id}/subject`);
    expect(subject.body).toMatchObject({
      canonical: '{"arguments":{"amount":101,"note":"wait"},"name":"echo"}',
    });
    expect((await on.decide('alice', 'approve', asked)).body).toMatchObject({ state: 'approved' });
    expect(result(last((await call).messages)).content).toBeDefined();
    const kinds = (await on.sallyport.entries())
      .filter((entry) => entry.approval === asked.id)
      .map(({ kind }) => kind);
    expect(kinds).toEqual([
      'approval.requested',
      'approval.viewed',
      'approval.decided',
      'approval.used',
      'call.intent',
      'call.outcome',
    ]);
    expect(await on.intents(asked.id)).toBe(1);
  });

  it('is not approved by who asked, an administrator without the group, or on another digest', async () => {
    const own = await on.client(on.tokens.both);
    const call = own.call('echo', { amount: 102 });
    const asked = await on.waiting('both');
    expect((await on.decide('both', 'approve', asked)).status).toBe(403);
    expect((await on.decide('mallory', 'approve', asked)).status).toBe(403);
    expect((await on.as('mallory', 'GET', `/approvals/${asked.id}/subject`)).status).toBe(403);
    expect((await on.decide('alice', 'approve', { ...asked, digest: '0'.repeat(64) })).status).toBe(409);
    expect((await on.decide('alice', 'deny', asked)).status).toBe(200);
    const refused = error(last((await call).messages));
    expect(refused.data).toMatchObject({
      reason: 'approval_denied',
      approval: asked.id,
      outcome: 'not_sent',
    });
    expect(refused.message).toMatch(/denied by alice: Wrong account/);
    expect(await on.intents(asked.id)).toBe(0);
  });

  it('is told progress where the client asked for it', async () => {
    const engineer = await on.client();
    const params = {
      name: 'echo',
      arguments: { amount: 103 },
      _meta: { progressToken: 12345678901234567890n },
    };
    const body = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":${JSON.stringify(params, (_key, value: unknown) => (typeof value === 'bigint' ? 'BIG' : value)).replace('"BIG"', '12345678901234567890')}}`;
    const call = engineer.post(body);
    await on.decide('alice', 'approve', await on.waiting());
    const { messages } = await call;
    expect(messages[0]).toContain('"method":"notifications/progress"');
    expect(messages[0]).toContain('"progressToken":12345678901234567890');
    expect(result(last(messages)).content).toBeDefined();
  });

  it('never runs once its client has gone or has cancelled it, even if it is approved then', async () => {
    const engineer = await on.client();
    const gone = new AbortController();
    const call = JSON.stringify({
      jsonrpc: '2.0',
      id: 5,
      method: 'tools/call',
      params: { name: 'echo', arguments: { amount: 104 } },
    });
    const lost = engineer.open(call, {}, gone.signal).catch(() => undefined);
    const first = await on.waiting();
    gone.abort();
    await lost;
    await expect
      .poll(async () => (await on.sallyport.entries('call.refused')).at(-1)?.approval)
      .toBe(first.id);
    await on.decide('alice', 'approve', first);
    const cancelled = engineer.call('echo', { amount: 105 }, 6);
    const second = await on.waiting();
    await engineer.post('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":6}}');
    expect(error(last((await cancelled).messages)).code).toBe(-32007);
    expect((await on.decide('alice', 'approve', second)).status).toBe(409);
    expect([await on.intents(first.id), await on.intents(second.id)]).toEqual([0, 0]);
  });

  it('is decided again: a token that was revoked meanwhile, or a policy that denies by now, stops it', async () => {
    const token = await on.sallyport.newToken('short', ['engineers']);
    const engineer = await on.client(token);
    const call = engineer.call('echo', { amount: 106 });
    const asked = await on.waiting('short');
    const entry = (await on.sallyport.entries('approval.requested')).find(
      (each) => each.approval === asked.id,
    );
    const tokenId = (entry?.actor as { token: string } | undefined)?.token; // cast: an actor with its token
    expect((await on.sallyport.api('DELETE', `/tokens/${tokenId}`)).status).toBeLessThan(300);
    await on.decide('alice', 'approve', asked);
    expect((await call).text).not.toContain('"result"');
    expect(await on.intents(asked.id)).toBe(0);
  });
});

describe('quorum, time and access', () => {
  it('takes M of N distinct people, and the loser of a race is told', async () => {
    await on.flow({ stages: [{ approvers: ['treasury'], needed: 2 }] });
    const engineer = await on.client();
    const call = engineer.call('echo', { amount: 401 });
    const asked = await on.waiting();
    expect((await on.decide('alice', 'approve', asked)).body.state).toBe('pending');
    expect((await on.decide('alice', 'approve', asked)).status).toBe(409);
    const race = await Promise.all([
      on.decide('bob', 'approve', asked),
      on.decide('carol', 'approve', asked),
    ]);
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(JSON.stringify(race.find(({ status }) => status === 409)?.body)).toMatch(
      /approved already, decided by/,
    );
    expect(result(last((await call).messages)).content).toBeDefined();
    await on.flow({});
  });

  it('a request for access waits for the same people, and is granted by them', async () => {
    const engineer = await on.client();
    const asked = result(
      last(
        (await engineer.call('request_access', { reason: 'Look into an incident', tools: ['slow'] }))
          .messages,
      ),
    ).structuredContent;
    expect(asked).toMatchObject({ state: 'requested', approval: expect.stringMatching(/^apr_/) });
    const approval = await on.waiting();
    expect(approval).toMatchObject({ id: asked.approval, kind: 'grant', grant: asked.grant });
    expect((await on.decide('alice', 'approve', approval)).status).toBe(200);
    await expect
      .poll(async () => (await on.sallyport.api('GET', `/grants/${asked.grant}`)).body.state, {
        timeout: 5_000,
      })
      .toBe('active');
    await expect
      .poll(async () => (await on.as('alice', 'GET', `/approvals/${approval.id}`)).body.state)
      .toBe('used');
  });

  it('a request for access that is taken back is nothing to decide on any more, and the log says so', async () => {
    const engineer = await on.client();
    const { structuredContent } = result(
      last(
        (await engineer.call('request_access', { reason: 'Look into an incident', tools: ['slow'] }))
          .messages,
      ),
    );
    const approval = await on.waiting();
    const revoked = await on.sallyport.api('DELETE', `/grants/${structuredContent.grant}?reason=mistake`);
    expect(revoked).toMatchObject({ status: 200, body: { state: 'withdrawn' } });
    expect((await on.as('alice', 'GET', `/approvals/${approval.id}`)).body.state).toBe('withdrawn');
    expect(await on.decide('alice', 'approve', approval)).toMatchObject({ status: 409 });
    const entries = await on.sallyport.entries('approval.withdrawn');
    expect(entries.filter((entry) => entry.approval === approval.id)).toMatchObject([
      { grant: structuredContent.grant, fields: { reason: expect.stringContaining('mistake') } },
    ]);
  });

  it('survives a restart of the gateway', async () => {
    await on.flow({ holdSeconds: 0 });
    const engineer = await on.client();
    await engineer.call('echo', { amount: 402 });
    const asked = await on.waiting();
    const token = engineer.headers().authorization?.slice('Bearer '.length);
    await on.sallyport.restartGateway();
    await on.decide('alice', 'approve', asked);
    await expect
      .poll(
        async () => {
          const again = await on.client(token);
          const answer = result(last((await again.call('echo', { amount: 402 })).messages));
          return answer !== undefined && answer.isError !== true;
        },
        { timeout: 15_000 },
      )
      .toBe(true);
    expect(await on.intents(asked.id)).toBe(1);
  });
});
