import { systemClock } from '@sallyport/shared/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openIdentity } from '../../src/identity/index.ts';
import { loadPolicies } from '../../src/join-policy.ts';
import { createPolicy } from '../../src/policy/index.ts';
import type { DocumentInput, Registry, Snapshot } from '../../src/registry/index.ts';
import { openStore } from '../../src/store/index.ts';
import { changer, eventually, freshDatabase, open } from '../registry/fixture.ts';
import { quietLogger as logger } from '../store/postgres.ts';

// Nothing is done from time to time while these run, so what arrives has arrived by notice.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** One replica's registry, identity and policy, joined as wire.ts joins them. */
async function replica(url: string) {
  const { registry } = await open(url);
  const store = await openStore({ databaseUrl: url, logger });
  const identity = await openIdentity({ store, clock: systemClock, logger });
  const policy = createPolicy();
  const putInForce = (snapshot: Snapshot): void => {
    loadPolicies(snapshot, policy, logger);
    identity.useAccounts([...snapshot.serviceAccounts.values()].map(({ name, spec }) => ({ name, ...spec })));
  };
  putInForce(registry.snapshot());
  registry.onChange(putInForce);
  /** What the bearer of a token may do here, or why it is nobody. */
  const decide = (token: string): string => {
    const known = identity.authenticate(`Bearer ${token}`);
    if (!known.ok) return known.code;
    const { effect, reasons } = policy.decide({
      principal: known.principal,
      action: 'call',
      server: 's1',
      resource: { type: 'Tool', name: 't1' },
      context: { era: 'legacy' },
    });
    return `${effect} ${reasons}`;
  };
  const close = async (): Promise<void> => {
    await identity.close();
    await store.close();
  };
  return { registry, identity, decide, close };
}

async function apply(registry: Registry, ...documents: DocumentInput[]): Promise<void> {
  const plan = registry.plan(documents);
  expect(plan.problems).toEqual([]);
  await registry.apply(plan, changer);
}

test('a change of a policy or of groups at one replica decides at the other without a poll', async () => {
  const url = await freshDatabase();
  const [here, there] = [await replica(url), await replica(url)];
  const account = (groups: string[]) => ({ kind: 'ServiceAccount', name: 'robot', spec: { groups } });
  const policy = (cedar: string) => ({ kind: 'Policy', name: 'one', spec: { cedar } });
  await apply(
    here.registry,
    { kind: 'Group', name: 'g1', spec: {} },
    { kind: 'Group', name: 'g2', spec: {} },
    account(['g1']),
    policy('permit (principal in Sallyport::Group::"g1", action, resource);'),
  );
  await eventually(() => there.registry.snapshot().serviceAccounts.has('robot'));
  const { token } = await here.identity.createToken({
    serviceAccount: 'robot',
    expiresInMs: 3_600_000,
    createdBy: 'test',
  });
  // Decided twice, so that what is remembered has to be forgotten too.
  await eventually(() => there.decide(token) === 'allow permitted');
  expect(there.decide(token)).toBe('allow permitted');

  await apply(here.registry, account(['g2']));
  await eventually(() => there.decide(token) === 'deny no_permit');
  await apply(here.registry, account(['g1', 'g2']));
  await eventually(() => there.decide(token) === 'allow permitted');
  await apply(here.registry, policy('forbid (principal in Sallyport::Group::"g2", action, resource);'));
  await eventually(() => there.decide(token) === 'deny forbidden');
  await apply(here.registry, policy('permit (principal, action, resource);'));
  await eventually(() => there.decide(token) === 'allow permitted');
  await Promise.all([here.close(), there.close()]);
});
