import { rename, writeFile } from 'node:fs/promises';
import type { Identity } from './identity/index.ts';
import type { Registry } from './registry/index.ts';

const NAME = 'bootstrap-administrator';
/** Long enough to make the first real administrator, short enough not to be kept. */
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/**
 * Makes the first administrator while there is none, and writes its token where the operator asked. Without a file
 * nothing is made: a gateway never has an administrator that nobody asked for.
 */
export async function bootstrapAdministrator(options: {
  registry: Registry;
  identity: Identity;
  file: string | undefined;
}): Promise<void> {
  const { registry, identity, file } = options;
  if (file === undefined) return;
  const accounts = [...registry.snapshot().serviceAccounts.values()];
  const administrators = accounts.filter(
    ({ spec }) => spec.roles.includes('administrator') && !spec.disabled,
  );
  if (administrators.some(({ name }) => name !== NAME)) return;
  if (administrators.length === 0) {
    const plan = registry.plan([
      {
        kind: 'ServiceAccount',
        name: NAME,
        spec: {
          roles: ['administrator'],
          description: 'Makes the first administrator. Remove it afterwards.',
        },
      },
    ]);
    await registry.apply(plan, { kind: 'gateway', name: 'bootstrap' });
  }
  const { token } = await identity.createToken({
    serviceAccount: NAME,
    expiresInMs: LIFETIME_MS,
    createdBy: 'bootstrap',
  });
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
