import { setTimeout as sleep } from 'node:timers/promises';
import { echoServer, RawClient, type Sallyport, type Setup, startSallyport } from './index.ts';

/** An approval as the API shows it. */
export interface Shown {
  readonly id: string;
  readonly digest: string;
  readonly state: string;
  readonly [member: string]: unknown;
}

/** A gateway whose policy holds calls of `echo` above 100 for the treasury: alice, bob and carol. */
export interface Approving {
  readonly sallyport: Sallyport;
  /** By who has it; `as` takes those that are added too. */
  readonly tokens: Record<string, string>;
  /** Applies the flow with these members. */
  flow(more: object): Promise<void>;
  /** A client of an engineer that nothing of another test waits for, or of the token's account. */
  client(token?: string): Promise<RawClient>;
  as(who: string, method: string, path: string, body?: object): Promise<{ status: number; body: Shown }>;
  /** The next request of this account that waits; by default of the engineer made last. */
  waiting(requester?: string): Promise<Shown>;
  decide(
    who: string,
    effect: 'approve' | 'deny',
    shown: Pick<Shown, 'id' | 'digest'>,
    more?: object,
  ): Promise<{ status: number; body: Shown }>;
  /** Calls that were sent under an approval. */
  intents(approval: string): Promise<number>;
}

const POLICIES = {
  'engineers-use-everything':
    'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource);',
  'large-amounts':
    '@approval("payments") forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/echo") when { context.arguments has amount && context.arguments.amount > 100 } unless { context has approval && context.approval.flows.contains("payments") };',
  'may-ask':
    'permit (principal in Sallyport::Group::"engineers", action == Sallyport::Action::"request", resource);',
  'asking-is-approved':
    '@approval("payments") forbid (principal, action == Sallyport::Action::"request", resource) unless { context has approval && context.approval.flows.contains("payments") };',
};

/** @param settings of the gateway, over those of every test; `env` of the echo server; `more` of the set-up */
export async function startApproving(
  settings: Setup['settings'] = {},
  env: Readonly<Record<string, string>> = {},
  more: Pick<Setup, 'through' | 'policies'> = {},
): Promise<Approving> {
  const sallyport = await startSallyport({
    servers: { echo: echoServer(env) },
    ...more,
    policies: { ...POLICIES, ...more.policies },
    flows: { payments: { stages: [{ approvers: ['treasury'] }] } },
    settings,
  });
  const tokens: Record<string, string> = {};
  const seen = new Set<string>();
  let engineers = 0;
  let current = '';
  const as: Approving['as'] = async (who, method, path, body) => {
    const answer = await fetch(`${sallyport.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens[who]}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Shown }; // cast: the API answers objects
  };
  const flow = async (more: object): Promise<void> => {
    const spec = { stages: [{ approvers: ['treasury'] }], holdSeconds: 20, ...more };
    const documents = [
      { kind: 'Group', name: 'treasury', spec: {} },
      { kind: 'ApprovalFlow', name: 'payments', spec },
    ];
    const answer = await sallyport.api('POST', '/apply', { documents });
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  };
  await flow({});
  for (const name of ['alice', 'bob', 'carol'])
    tokens[name] = await sallyport.newToken(name, ['treasury'], ['approver']);
  tokens.mallory = await sallyport.newToken('mallory', ['engineers'], ['administrator', 'approver']);
  tokens.both = await sallyport.newToken('both', ['engineers', 'treasury'], ['administrator', 'approver']);
  return {
    sallyport,
    tokens,
    flow,
    as,
    async client(token) {
      if (token === undefined) {
        engineers += 1;
        current = `engineer-${engineers}`;
      }
      const made = new RawClient(
        sallyport.mcp('echo'),
        token ?? (await sallyport.newToken(current, ['engineers'])),
      );
      await made.initialize();
      return made;
    },
    async waiting(requester = current) {
      for (let tries = 0; tries < 100; tries += 1) {
        const { body } = await as('alice', 'GET', `/approvals?state=pending&requester=${requester}`);
        const next = (body.items as Shown[]).find(({ id }) => !seen.has(id)); // cast: the API's own shape
        if (next !== undefined) {
          seen.add(next.id);
          return next;
        }
        await sleep(50);
      }
      throw new Error('nothing waits');
    },
    decide: (who, effect, { id, digest }, more = {}) =>
      as(who, 'POST', `/approvals/${id}/${effect}`, {
        digest,
        ...(effect === 'deny' ? { reason: 'Wrong account' } : {}),
        ...more,
      }),
    async intents(approval) {
      const entries = await sallyport.entries('call.intent');
      return entries.filter((entry) => entry.approval === approval).length;
    },
  };
}
