import { afterEach } from 'vitest';
import {
  openRegistry,
  type Registry,
  type RegistryEntry,
  type RegistryOptions,
} from '../../src/registry/index.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export interface Opened {
  readonly registry: Registry;
  readonly entries: RegistryEntry[];
  readonly url: string;
}

export const changer = { kind: 'service-account', name: 'robot', token: 'tok_1', sourceIp: '::1' } as const;

export async function freshDatabase(): Promise<string> {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  return url;
}

/** A registry on a database; without a URL, on a fresh one. What it records is kept in `entries`. */
export async function open(url?: string, more: Partial<RegistryOptions> = {}): Promise<Opened> {
  const databaseUrl = url ?? (await freshDatabase());
  const store = await openStore({ databaseUrl, logger });
  closing.push(() => store.close());
  const entries: RegistryEntry[] = [];
  const registry = await openRegistry({
    store,
    record: async (entry) => {
      entries.push(entry);
      return { id: `ent_${entries.length}` };
    },
    // Stands for the policy room: a text with "bad" has a problem on line 2.
    checkPolicy: (cedar) =>
      cedar.includes('bad')
        ? [{ message: 'unexpected token', line: 2, column: 7, help: 'expected `;`' }]
        : [],
    logger,
    ...more,
  });
  closing.push(() => registry.close());
  return { registry, entries, url: databaseUrl };
}

export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
