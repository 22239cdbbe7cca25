import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Approving, type Shown, startApproving } from '../framework/approving.ts';
import { type Receiver, startReceiver } from '../framework/receiver.ts';

let on: Approving;
let slack: Receiver;
let hook: Receiver;
let secretsDir: string;
beforeAll(async () => {
  [slack, hook] = await Promise.all([startReceiver(), startReceiver()]);
  secretsDir = await mkdtemp(join(tmpdir(), 'sallyport-secrets-'));
  await mkdir(secretsDir, { recursive: true });
  for (const name of ['token', 'signing', 'out', 'in'])
    await writeFile(join(secretsDir, name), `${name}-secret\n`);
  on = await startApproving({ secretsDir, outboundPrivateHosts: [slack.host, hook.host] });
  const documents = [
    {
      kind: 'Notification',
      name: 'chat',
      spec: {
        slack: {
          channel: 'C0123',
          apiUrl: slack.url,
          tokenSecret: 'token',
          signingSecret: 'signing',
          people: { U0ALICE: 'alice', U0NOBODY: 'nobody', U0ENG: 'mallory' },
        },
      },
    },
    {
      kind: 'Notification',
      name: 'itsm',
      spec: {
        webhook: {
          url: `${hook.url}/in`,
          signingSecret: 'out',
          decidingSecret: 'in',
          people: { 'bob@bank': 'bob' },
        },
      },
    },
  ];
  const applied = await on.sallyport.api('POST', '/apply', { documents });
  expect(applied.status, JSON.stringify(applied.body)).toBeLessThan(300);
});
afterAll(async () => {
  await on?.sallyport.stop();
  await Promise.all([slack?.close(), hook?.close()]);
  await rm(secretsDir, { recursive: true, force: true });
});
beforeEach(() => {
  for (const each of [slack, hook]) {
    each.received.length = 0;
    each.failures.length = 0;
  }
});

const seconds = (offset = 0): string => String(Math.floor(Date.now() / 1_000) + offset);

async function press(
  user: string,
  effect: string,
  { id, digest }: Pick<Shown, 'id' | 'digest'>,
  more: { secret?: string; timestamp?: string } = {},
): Promise<number> {
  const { secret = 'signing-secret', timestamp = seconds() } = more;
  const payload = {
    type: 'block_actions',
    user: { id: user },
    actions: [{ action_id: effect, value: `${id} ${digest}` }],
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const signature = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  const answer = await fetch(`${on.sallyport.url}/api/v1/inbound/slack/chat`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${signature}`,
    },
    body,
  });
  return answer.status;
}

async function post(body: object, secret = 'in-secret', timestamp = seconds()): Promise<Response> {
  const text = JSON.stringify(body);
  const signature = createHmac('sha256', secret).update(`${timestamp}.evt-1.${text}`).digest('hex');
  return fetch(`${on.sallyport.url}/api/v1/inbound/webhook/itsm`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'sallyport-timestamp': timestamp,
      'sallyport-id': 'evt-1',
      'sallyport-signature': `v1=${signature}`,
    },
    body: text,
  });
}

const stateOf = async (id: string) => (await on.as('alice', 'GET', `/approvals/${id}`)).body.state;
const result = (messages: readonly string[]) => JSON.parse(messages.at(-1) ?? '').result;

describe('Slack', () => {
  it('is told without what the call holds, and a press of a mapped person releases the call', async () => {
    const engineer = await on.client();
    const call = engineer.call('echo', { amount: 501, iban: 'DE02120300000000202051' });
    const asked = await on.waiting();
    await expect.poll(() => slack.received.length).toBe(1);
    const [message] = slack.received;
    expect(message).toMatchObject({
      path: '/chat.postMessage',
      headers: { authorization: 'Bearer token-secret' },
    });
    expect(message?.body.toString()).toContain(`${asked.id} ${asked.digest}`);
    expect(message?.body.toString()).not.toContain('DE02120300000000202051');
    expect(await press('U0ALICE', 'approve', asked)).toBe(200);
    expect(result((await call).messages).content).toBeDefined();
    await expect.poll(() => slack.received.map(({ path }) => path)).toContain('/chat.update');
    expect(slack.received.find(({ path }) => path === '/chat.update')?.json.ts).toBe('1700000000.1');
    const decided = (await on.sallyport.entries('approval.decided')).find(
      ({ approval }) => approval === asked.id,
    );
    expect(decided).toMatchObject({
      actor: { name: 'alice' },
      fields: { method: 'slack', digest: asked.digest },
    });
  });

  it('that is not signed so, or not of these minutes, or pressed by somebody else, decides nothing', async () => {
    const engineer = await on.client();
    void engineer.call('echo', { amount: 502 });
    const asked = await on.waiting();
    expect(await press('U0ALICE', 'approve', asked, { secret: 'guessed' })).toBe(401);
    expect(await press('U0ALICE', 'approve', asked, { timestamp: seconds(-301) })).toBe(401);
    expect(await press('U0ALICE', 'approve', asked, { timestamp: seconds(301) })).toBe(401);
    expect(await press('U0STRANGER', 'approve', asked)).toBe(400);
    expect(await press('U0NOBODY', 'approve', asked)).toBe(200);
    expect(await press('U0ENG', 'approve', asked)).toBe(200);
    expect(await press('U0ALICE', 'approve', { ...asked, digest: '0'.repeat(64) })).toBe(200);
    expect(await stateOf(asked.id)).toBe('pending');
    const told = slack.received
      .filter(({ path }) => path === '/chat.postEphemeral')
      .map(({ json }) => json.user);
    expect(told).toEqual(['U0NOBODY', 'U0ENG', 'U0ALICE']);
    expect(await press('U0ALICE', 'deny', asked)).toBe(200);
    expect(await stateOf(asked.id)).toBe('denied');
  });
});

describe('the webhook', () => {
  it('is signed, comes again with the same id until it is taken, and nothing waits for it', async () => {
    hook.failures.push(500, 503);
    const engineer = await on.client();
    const call = engineer.call('echo', { amount: 503 });
    const asked = await on.waiting();
    await on.decide('alice', 'approve', asked);
    expect(result((await call).messages).content).toBeDefined();
    const events = () =>
      hook.received
        .filter(({ json }) => (json.approval as { id: string }).id === asked.id)
        .map(({ json }) => json.event);
    await expect.poll(events, { timeout: 15_000 }).toContain('approval.requested');
    for (const { headers, body } of hook.received) {
      const signed = `${headers['sallyport-timestamp']}.${headers['sallyport-id']}.${body.toString('utf8')}`;
      expect(headers['sallyport-signature']).toBe(
        `v1=${createHmac('sha256', 'out-secret').update(signed).digest('hex')}`,
      );
    }
    const ids = hook.received.map(({ headers }) => headers['sallyport-id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(events().filter((event) => event === 'approval.requested')).toHaveLength(1);
  });

  it('decides, signed and by a mapped person, once', async () => {
    const engineer = await on.client();
    const call = engineer.call('echo', { amount: 504 });
    const { id, digest } = await on.waiting();
    const decision = { approval: id, digest, effect: 'approve', by: 'bob@bank', reason: 'CHG-7' };
    expect((await post(decision, 'wrong')).status).toBe(401);
    expect((await post({ ...decision, by: 'eve@bank' })).status).toBe(400);
    expect((await post({ ...decision, effect: 'maybe' })).status).toBe(400);
    expect((await post({ ...decision, digest: '0'.repeat(64) })).status).toBe(409);
    const answer = await post(decision);
    expect([answer.status, await answer.json()]).toEqual([200, { id, state: 'approved' }]);
    expect((await post(decision)).status).toBe(409);
    expect(result((await call).messages).content).toBeDefined();
  });

  it('that is away loses nothing: what it was to be told is sent after a restart', async () => {
    hook.failures.push(...Array.from({ length: 3 }, () => 503));
    const engineer = await on.client();
    void engineer.call('echo', { amount: 505 }).catch(() => undefined);
    const asked = await on.waiting();
    await on.sallyport.restartGateway();
    const database = new Client({ connectionString: on.sallyport.databaseUrl });
    await database.connect();
    // As if the wait between two attempts were over.
    await database.query(`UPDATE notifications SET next_at = now() WHERE state = 'waiting'`);
    await database.end();
    const told = () => hook.received.map(({ json }) => (json.approval as { id: string }).id);
    await expect.poll(told, { timeout: 20_000 }).toContain(asked.id);
  });
});
