import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '../framework/index.ts';
import type { Programs } from '../framework/programs.ts';
import type { Seen } from './invariants.ts';

const POLICIES = {
  'no-big':
    'forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/big");',
  'large-amounts':
    '@approval("payments") forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/echo") when { context.arguments has amount && context.arguments.amount > 100 } unless { context has approval && context.approval.flows.contains("payments") };',
};

/** All that a gateway commits and sends, in short: what a kill is to meet. */
export interface Scenario {
  /** Once through, until a program that was told to die is gone; then what is left fails at once and is left out. */
  play(): Promise<void>;
}

/** Puts what the scenario needs in force: a policy that denies, one that holds, who may approve. */
export async function prepareScenario(programs: Programs, seen: Seen): Promise<Scenario> {
  const admin = asCaller(programs.url, programs.adminToken);
  await admin('POST', '/apply', {
    documents: [
      { kind: 'Group', name: 'treasury', spec: {} },
      { kind: 'ApprovalFlow', name: 'payments', spec: { stages: [{ approvers: ['treasury'] }] } },
      ...Object.entries(POLICIES).map(([name, cedar]) => ({ kind: 'Policy', name, spec: { cedar } })),
    ],
  });
  const { token } = await admin('POST', '/tokens', {
    serviceAccount: 'approver',
    groups: ['treasury'],
    roles: ['approver'],
    expiresInSeconds: 86_400,
  });
  const approver = asCaller(programs.url, String(token));
  let changes = 0;
  return {
    async play() {
      try {
        changes += 1;
        await change(admin, seen, `change ${changes}`);
        const client = new RawClient(programs.mcp('echo'), programs.token);
        await client.initialize();
        await call(client, seen, {});
        await client.post('{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}');
        await call(client, seen, { name: 'big' });
        await call(client, seen, { name: 'notify', args: { count: 1 }, meta: { progressToken: 'p' } });
        const held = call(client, seen, { args: { amount: 200 } });
        await Promise.all([held, approveUntilOver(approver, held)]);
        await client.delete();
        const http = new RawClient(programs.mcp('http'), programs.token);
        await http.initialize();
        await call(http, seen, {});
        await http.delete();
      } catch (thrown) {
        // What fetch throws when a connection breaks: the program has died where it was to die.
        if (!(thrown instanceof TypeError) && !(thrown instanceof Refused)) throw thrown;
      }
    },
  };
}

/** What the API did not do, as when a part is away. */
class Refused extends Error {}

type Caller = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

function asCaller(url: string, token: string): Caller {
  return async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>; // cast: the API answers objects
  };
}

async function change(admin: Caller, seen: Seen, description: string): Promise<void> {
  // Unconfirmed, the old or the new may be in force, and the next change settles which.
  seen.changes.delete('treasury');
  await admin('POST', '/apply', { documents: [{ kind: 'Group', name: 'treasury', spec: { description } }] });
  seen.changes.set('treasury', description);
}

/** Sends a call, and takes every message that came, also where the connection broke behind it. */
async function call(client: RawClient, seen: Seen, request: Parameters<Seen['next']>[0]): Promise<void> {
  const { n, body } = seen.next(request);
  const response = await client.open(body);
  const streamed = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  let text = '';
  let broken: unknown;
  try {
    const decoder = new TextDecoder();
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true });
  } catch (thrown) {
    broken = thrown;
  }
  if (streamed) {
    const events = text.split('\n\n').slice(0, -1);
    seen.take(
      n,
      events.flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []),
    );
  } else if (broken === undefined && text !== '') seen.take(n, [text]);
  if (broken !== undefined) throw broken;
}

/** Approves whatever waits, what an earlier kill left included, until the held call has ended. */
async function approveUntilOver(approver: Caller, held: Promise<void>): Promise<void> {
  let over = false;
  const ended = (): void => {
    over = true;
  };
  held.then(ended, ended);
  while (!over) {
    const { items } = await approver('GET', '/approvals?state=pending');
    // Cast: the API's own shape.
    for (const { id, digest } of items as { id: string; digest: string }[]) {
      await approver('POST', `/approvals/${id}/approve`, { digest });
    }
    await sleep(25);
  }
}
