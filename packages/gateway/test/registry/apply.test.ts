import { Client } from 'pg';
import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/registry/index.ts';
import { testPostgres } from '../store/postgres.ts';
import { changer, eventually, freshDatabase, open } from './fixture.ts';

const group = (name: string, description = 'd') => ({ kind: 'Group', name, spec: { description } });

test('each change is recorded with digests before and after, and survives a restart', async () => {
  const { registry, entries, url } = await open();
  const first = await registry.apply(registry.plan([group('a')]), changer);
  await registry.apply(registry.plan([group('a', 'other')]), changer);
  await registry.apply(registry.plan([], [{ kind: 'Group', name: 'a' }]), changer);
  const digest = first.groups.get('a')?.digest;
  const other = entries[1]?.fields.after;
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  const common = { kind: 'Group', name: 'a' };
  expect(entries.map(({ fields }) => fields)).toEqual([
    { ...common, effect: 'create', after: digest, version: 1 },
    { ...common, effect: 'update', before: digest, after: other, version: 2 },
    { ...common, effect: 'delete', before: other, version: 3 },
  ]);
  expect(entries[0]).toMatchObject({
    kind: 'config.change',
    actor: { kind: 'service-account', name: 'robot', token: 'tok_1' },
    source: { ip: '::1' },
  });
  await registry.apply(registry.plan([group('kept')]), changer);
  const again = await open(url);
  expect(again.registry.snapshot().version).toBe(4);
  expect(again.registry.snapshot().groups.get('kept')).toEqual(registry.snapshot().groups.get('kept'));
});

test('a change that cannot be recorded does not happen, and what was recorded is said to have failed', async () => {
  const kinds: string[] = [];
  let calls = 0;
  const { registry, url } = await open(undefined, {
    record: async (entry) => {
      calls += 1;
      if (calls === 2) throw new Error('the log is away');
      kinds.push(`${entry.kind} ${entry.fields.name ?? entry.fields.entry}`);
      return { id: `ent_${calls}` };
    },
  });
  const plan = registry.plan([group('a'), group('b')]);
  await expect(registry.apply(plan, changer)).rejects.toMatchObject({ code: 'unavailable' });
  expect(registry.snapshot()).toMatchObject({ version: 0 });
  expect((await open(url)).registry.snapshot().groups.size).toBe(0);
  expect(kinds).toEqual(['config.change a', 'config.failed ent_1']);
  // Nothing is left locked: the same plan goes through once the log is back.
  expect((await registry.apply(plan, changer)).groups.size).toBe(2);
});

test('a plan for a version that has moved on is a conflict and changes nothing', async () => {
  const { registry, url } = await open();
  const other = await open(url);
  const stale = registry.plan([group('a', 'mine')]);
  await other.registry.apply(other.registry.plan([group('a', 'theirs')]), changer);
  await expect(registry.apply(stale, changer)).rejects.toMatchObject({ code: 'conflict' });
  await eventually(() => registry.snapshot().version === 1);
  expect(registry.snapshot().groups.get('a')?.spec.description).toBe('theirs');
});

test('of many changes at once on one version, one wins', async () => {
  const url = await freshDatabase();
  const registries = await Promise.all([1, 2, 3, 4].map(() => open(url)));
  const results = await Promise.allSettled(
    registries.map(({ registry }, index) => registry.apply(registry.plan([group(`g${index}`)]), changer)),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const recorded = registries
    .flatMap(({ entries }) => entries)
    .filter(({ kind }) => kind === 'config.change');
  expect(recorded).toHaveLength(1);
});

test('replicas take a change up, once, and also when the notice was lost', async () => {
  const { registry, url } = await open();
  const other = await open(url);
  const seen: Snapshot[] = [];
  other.registry.onChange((snapshot) => seen.push(snapshot));
  await registry.apply(registry.plan([group('a')]), changer);
  await eventually(() => seen.length > 0);
  expect(seen.map(({ version }) => version)).toEqual([1]);
  // A change without a notice: the poll of the version finds it.
  const silent = new Client({ connectionString: url });
  await silent.connect();
  await silent.query(
    'BEGIN; DELETE FROM documents; UPDATE registry_version SET version = version + 1; COMMIT',
  );
  await silent.end();
  await eventually(() => seen.length > 1);
  expect(seen.map(({ version, groups }) => [version, groups.size])).toEqual([
    [1, 1],
    [2, 0],
  ]);
});

test('while Postgres is away a change is unavailable, and goes through when it is back', async () => {
  const postgres = await testPostgres();
  const { registry } = await open();
  const plan = registry.plan([group('a')]);
  const pid = postgres.pid();
  if (pid === undefined) throw new Error('Postgres does not run');
  process.kill(pid, 'SIGKILL');
  await expect(registry.apply(plan, changer)).rejects.toMatchObject({ code: 'unavailable' });
  await eventually(() => postgres.pid() !== undefined && postgres.pid() !== pid);
  expect((await registry.apply(plan, changer)).version).toBe(1);
});
