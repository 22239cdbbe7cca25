/**
 * `pnpm bench:decisions`: how long decisions take, and how long a change takes to be in force at another replica.
 *
 * Policies are spread over ten servers and twenty groups, a quarter of them forbids on the whole of one server, half
 * of those with a condition on an argument. Every figure is of one principal in three groups.
 */
import { numberLexeme } from '../../src/call/index.ts';
import { createPolicy, type DecisionRequest, loadRiskReaders, type Policy } from '../../src/policy/index.ts';
import { openRegistry, type Registry } from '../../src/registry/index.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, stopTestPostgres, testDatabase } from '../store/postgres.ts';

const SERVERS = 10;
const ROUNDS = 2_000;

function policies(count: number): { name: string; cedar: string }[] {
  return Array.from({ length: count }, (_, n) => ({ name: `p${n}`, cedar: text(n) }));
}

function text(n: number): string {
  const server = `Sallyport::Server::"s${n % SERVERS}"`;
  if (n % 8 === 3) {
    return `forbid (principal, action == Sallyport::Action::"call", resource in ${server}) when { context.arguments has amount && context.arguments.amount > ${1000 + n} };`;
  }
  if (n % 8 === 7) {
    return `forbid (principal, action, resource in ${server}) when { context has client && context.client == "bad-${n}" };`;
  }
  return `permit (principal in Sallyport::Group::"g${n % 20}", action in Sallyport::Action::"use", resource in ${server});`;
}

/** All policies match every call: nothing is left for slices to leave out. */
function worst(count: number): { name: string; cedar: string }[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `p${n}`,
    cedar: `${n % 4 === 3 ? 'forbid' : 'permit'} (principal, action, resource) when { context.arguments has amount && context.arguments.amount > ${1000 + n} };`,
  }));
}

function ask(n: number): DecisionRequest {
  return {
    principal: { kind: 'user', name: 'ann', groups: ['g1', 'g3', 'g8'] },
    action: 'call',
    server: `s${n % SERVERS}`,
    resource: { type: 'Tool', name: 'transfer' },
    context: { era: 'legacy', session: 'ses_1', client: 'bench', sourceIp: '10.0.0.1' },
    arguments: () => ({ amount: 10 + n, to: 'somebody', note: 'x'.repeat(100) }),
  };
}

function measure(label: string, rounds: number, work: (round: number) => void): void {
  const microseconds: number[] = [];
  for (let round = -Math.ceil(rounds / 10); round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    work(Math.abs(round));
    if (round >= 0) microseconds.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  microseconds.sort((a, b) => a - b);
  const at = (share: number) => (microseconds[Math.floor(rounds * share)] ?? 0).toFixed(1);
  console.log(`${label.padEnd(46)} p50 ${at(0.5).padStart(8)} µs   p99 ${at(0.99).padStart(8)} µs`);
}

for (const count of [5, 20, 100, 1000]) {
  const policy = createPolicy();
  const texts = policies(count);
  const start = performance.now();
  policy.load(texts);
  const loaded = performance.now();
  policy.load([...texts, { name: 'one-more', cedar: text(count) }]);
  const reloaded = performance.now();
  console.log(
    `\n${count} policies: load ${(loaded - start).toFixed(0)} ms, one more ${(reloaded - loaded).toFixed(0)} ms`,
  );
  // Server 0 has no forbid that reads arguments, server 3 has.
  measure('  remembered', ROUNDS * 10, () => policy.decide(ask(0)));
  measure('  not remembered, no argument read', ROUNDS, (n) =>
    policy.decide({ ...ask(0), principal: { ...ask(0).principal, name: `u${n}` } }),
  );
  measure('  arguments read', ROUNDS, () => policy.decide(ask(3)));
  measure('  couldAllow of a new tool', ROUNDS, (n) =>
    policy.couldAllow({ ...ask(3), resource: { type: 'Tool', name: `t${n}` } }),
  );
  measure('  couldAllow, remembered', ROUNDS * 10, () => policy.couldAllow(ask(3)));
  policy.load(worst(count));
  measure('  arguments read, no policy left out', count > 100 ? 200 : ROUNDS, () => policy.decide(ask(3)));
}

await measureAsCallsDo();
await measurePropagation();
await stopTestPostgres();

/** Everything on, as a call has it: a grant, labels, dry-run policies, and SQL that is read anew each time. */
async function measureAsCallsDo(): Promise<void> {
  const policy = createPolicy({ numberLexeme, readers: await loadRiskReaders(), logger });
  const sql = {
    name: 'no-writes',
    cedar: `forbid (principal, action == Sallyport::Action::"call", resource in Sallyport::Server::"s3") when { context.risk has sql && context.risk.sql.level >= 2 };`,
  };
  const granted = {
    name: 'granted',
    cedar: `permit (principal, action, resource in Sallyport::Server::"s3") when { context has grant };`,
  };
  const tried = { name: 'tried', cedar: text(3), mode: 'dry-run' as const };
  const declared = new Map([['s3', [{ tool: 'transfer', argument: 'sql', reader: 'sql' as const }]]]);
  const context = {
    ...ask(3).context,
    grant: { id: 'grt_1', reason: 'month end' },
    labels: ['customer-data'],
  };
  for (const [label, more] of [
    ['', []],
    [' and a dry-run', [tried]],
  ] as const) {
    policy.load([...policies(98), sql, granted, ...more], { arguments: declared });
    console.log(`\n100 policies${label}, with grant and labels`);
    measure('  arguments read, no SQL in them', ROUNDS, () => policy.decide({ ...ask(3), context }));
    measure('  arguments read, another SQL text each', ROUNDS, (n) =>
      policy.decide({ ...ask(3), context, arguments: () => ({ amount: 10, sql: select(n) }) }),
    );
  }
}

function select(n: number): string {
  return `SELECT a.id, b.name FROM accounts a JOIN owners b ON b.id = a.owner WHERE a.id = ${n} LIMIT 10`;
}

interface Replica {
  readonly registry: Registry;
  readonly policy: Policy;
  close(): Promise<void>;
}

async function replica(databaseUrl: string): Promise<Replica> {
  const store = await openStore({ databaseUrl, logger });
  const policy = createPolicy();
  const registry = await openRegistry({
    store,
    record: async () => ({ id: 'ent_bench' }),
    checkPolicy: (cedar) => policy.check(cedar),
    logger,
  });
  registry.onChange((snapshot) =>
    policy.load([...snapshot.policies.values()].map(({ name, spec }) => ({ name, cedar: spec.cedar }))),
  );
  return {
    registry,
    policy,
    close: async () => {
      await registry.close();
      await store.close();
    },
  };
}

/** From the moment a change of policy is asked for at one replica until another decides by it. */
async function measurePropagation(): Promise<void> {
  const { url, drop } = await testDatabase();
  const [here, there] = [await replica(url), await replica(url)];
  const milliseconds: number[] = [];
  let arrived = (): void => undefined;
  // Behind the listener that puts the policies in force.
  there.registry.onChange(() => arrived());
  for (let round = 0; round < 40; round += 1) {
    const effect = round % 2 === 0 ? 'permit' : 'forbid';
    const document = {
      kind: 'Policy',
      name: 'changing',
      spec: { cedar: `${effect} (principal, action, resource);` },
    };
    const wanted = effect === 'permit' ? 'allow' : 'deny';
    const reached = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const start = performance.now();
    const changed = here.registry.apply(here.registry.plan([document]), {
      kind: 'service-account',
      name: 'bench',
      token: 'tok_bench',
      sourceIp: '::1',
    });
    await reached;
    milliseconds.push(performance.now() - start);
    const { effect: decided } = there.policy.decide(ask(0));
    if (decided !== wanted) throw new Error(`the other replica decides ${decided} and not ${wanted}`);
    await changed;
  }
  milliseconds.sort((a, b) => a - b);
  console.log(
    `\na change of policy is in force at another replica: p50 ${milliseconds[20]?.toFixed(0)} ms, slowest of 40 ${milliseconds[39]?.toFixed(0)} ms`,
  );
  await Promise.all([here.close(), there.close()]);
  await drop();
}
