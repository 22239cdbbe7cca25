import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from './errors.ts';
import { readIfPresent, readObject, writePrivately } from './files.ts';
import { GatewayApi } from './gateway-api.ts';
import { BOOTSTRAP_WAIT_MS, POLL_MS, TOKEN_RENEW_BEFORE_MS, TOKEN_SECONDS } from './limits.ts';
import type { Settings } from './settings.ts';

/** The demo's service accounts; their groups and roles are in config/accounts.yaml. */
export const ACCOUNTS = ['engineer', 'approver', 'admin', 'auditor'] as const;
export type Account = (typeof ACCOUNTS)[number];
export type Tokens = Record<Account, string>;

/**
 * The gateway's API as an administrator: by the token of an earlier start, or by the one the gateway wrote for its
 * first administrator.
 *
 * @throws StartError `refused` when neither works.
 */
export async function openAdminApi(settings: Settings, base: string): Promise<GatewayApi> {
  const earlier = (await readTokens(settings)).admin;
  if (earlier !== undefined) {
    const api = new GatewayApi(base, earlier);
    if (await api.works()) return api;
  }
  const { bootstrapTokenFile } = settings.paths;
  for (
    const startedMs = performance.now();
    performance.now() - startedMs < BOOTSTRAP_WAIT_MS;
    await sleep(POLL_MS)
  ) {
    const token = (await readIfPresent(bootstrapTokenFile))?.trim();
    if (!token) continue;
    const api = new GatewayApi(base, token);
    if (await api.works()) return api;
    break;
  }
  throw new StartError(
    'refused',
    `There is no administrator's token that works: neither "admin" in ${settings.paths.earlierFile} nor ${bootstrapTokenFile}. ` +
      'If this data may go, remove the data folder and start again.',
  );
}

/** Keeps the tokens before all is ready, so that they survive if something after this fails. */
export async function keepTokens(settings: Settings, tokens: Tokens): Promise<void> {
  await writePrivately(settings.paths.earlierFile, `${JSON.stringify({ tokens }, null, 2)}\n`);
}

/** Tokens for all accounts: those of the last start where they still hold, new ones where not. */
export async function ensureTokens(
  api: GatewayApi,
  settings: Settings,
  base: string,
): Promise<{ tokens: Tokens; created: number }> {
  const earlier = await readTokens(settings);
  let created = 0;
  const ensure = async (account: Account): Promise<string> => {
    const token = earlier[account];
    if (token !== undefined && (await stillGood(new GatewayApi(base, token)))) return token;
    const answer = await api.post('/tokens', { serviceAccount: account, expiresInSeconds: TOKEN_SECONDS });
    if (typeof answer.token !== 'string')
      throw new StartError('refused', `The gateway gave no token for ${account}.`);
    created += 1;
    return answer.token;
  };
  const tokens = {
    engineer: await ensure('engineer'),
    approver: await ensure('approver'),
    admin: await ensure('admin'),
    auditor: await ensure('auditor'),
  };
  return { tokens, created };
}

async function stillGood(api: GatewayApi): Promise<boolean> {
  if (!(await api.works())) return false;
  const { token } = await api.get('/me');
  const expiresAt =
    typeof token === 'object' && token !== null && 'expiresAt' in token
      ? Date.parse(String(token.expiresAt))
      : Number.NaN;
  return expiresAt - Date.now() > TOKEN_RENEW_BEFORE_MS;
}

async function readTokens(settings: Settings): Promise<Partial<Tokens>> {
  const tokens = (await readObject(settings.paths.earlierFile))?.tokens;
  if (typeof tokens !== 'object' || tokens === null) return {};
  return Object.fromEntries(
    Object.entries(tokens).filter(
      ([account, token]) => ACCOUNTS.some((each) => each === account) && typeof token === 'string',
    ),
  );
}

/**
 * Removes the account with which the gateway made its first administrator, and its token's file. To be called when
 * the administrator's own token is on disk: from then on nobody needs it.
 */
export async function removeBootstrap(settings: Settings, base: string, admin: string): Promise<void> {
  const { bootstrapTokenFile } = settings.paths;
  if ((await readIfPresent(bootstrapTokenFile)) === undefined) return;
  await new GatewayApi(base, admin).remove(`/documents/ServiceAccount/${BOOTSTRAP_ACCOUNT}`);
  await rm(bootstrapTokenFile, { force: true });
}

/** The gateway's name for it. */
const BOOTSTRAP_ACCOUNT = 'bootstrap-administrator';
