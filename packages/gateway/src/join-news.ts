import { readMessage } from '@sallyport/shared/jsonrpc';
import type { Policy } from './policy/index.ts';
import type { Document, Registry, Snapshot } from './registry/index.ts';
import type { Sessions } from './session/index.ts';

const LIST_CHANGED = Buffer.from('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');

/** Tells clients that listen, of the sessions that match, to look at their tools again. */
export function announceTools(sessions: Sessions, matches: Parameters<Sessions['announce']>[0]): void {
  sessions.announce(matches, readMessage(LIST_CHANGED));
}

/**
 * Tells clients when a change of documents may change which tools they see: a policy on tools of their server, or the
 * groups of their account. It is told too often rather than too seldom: what a session sees is worked out when it asks.
 *
 * To be joined behind whatever puts policies in force, so that who asks at once is answered by the new ones.
 */
export function joinNews(registry: Registry, policy: Policy, sessions: Sessions): void {
  let before = registry.snapshot();
  registry.onChange((snapshot) => {
    const [old, now] = [before, snapshot];
    before = snapshot;
    const servers = serversConcerned(old, now, policy);
    const accounts = accountsChanged(old, now);
    if (servers.size === 0 && accounts.size === 0) return;
    announceTools(sessions, ({ server, principal, principalKind }) => {
      return servers.has(server) || (principalKind === 'service-account' && accounts.has(principal));
    });
  });
}

function serversConcerned(old: Snapshot, now: Snapshot, policy: Policy): Set<string> {
  const changed = differing(old.policies, now.policies).filter(
    // What is tried beside the others lets nobody see or not see a thing.
    ({ spec }) => spec.enabled && spec.mode !== 'dry-run',
  );
  const servers = [...now.servers.keys()];
  return new Set(changed.flatMap(({ spec }) => policy.serversOf(spec.cedar, servers)));
}

function accountsChanged(old: Snapshot, now: Snapshot): Set<string> {
  const groups = (snapshot: Snapshot, name: string) =>
    String(snapshot.serviceAccounts.get(name)?.spec.groups.toSorted());
  const changed = differing(old.serviceAccounts, now.serviceAccounts);
  return new Set(changed.map(({ name }) => name).filter((name) => groups(old, name) !== groups(now, name)));
}

/** Documents that are only in one of two snapshots, and both forms of those that are another in each. */
function differing<D extends Document>(old: ReadonlyMap<string, D>, now: ReadonlyMap<string, D>): D[] {
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    return was?.digest === is?.digest ? [] : [was, is].filter((each) => each !== undefined);
  });
}
