/**
 * How long decisions take: `node --conditions=sallyport-source packages/gateway/test/policy/bench.ts`.
 *
 * Policies are spread over ten servers and twenty groups, a quarter of them forbids on the whole of one server, half
 * of those with a condition on an argument. Every figure is of one principal in three groups.
 */
import { createPolicy, type DecisionRequest } from '../../src/policy/index.ts';

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
