import { errorText } from '@sallyport/shared/errors';
import type { AgentConfig } from './config/index.ts';
import { EnrolError, enrol, type Identity, loadIdentity, validity } from './enrol/index.ts';
import { RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './limits.ts';
import type { Logger } from './telemetry/index.ts';
import type { ConnectClient } from './tunnel/index.ts';

export interface ObtainOptions {
  readonly stateDir: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly config: AgentConfig;
  readonly connect: ConnectClient;
  readonly version: string;
  readonly log: Logger;
}

/**
 * The stored identity while its certificate holds; else one for the token. A gateway that can't be reached yet is
 * waited for, whatever else is wrong is thrown.
 *
 * @throws EnrolError
 */
export async function obtainIdentity(options: ObtainOptions): Promise<Identity> {
  const stored = loadIdentity(options.stateDir);
  const holds = stored !== undefined && validity(stored.certificatePem).toMs > Date.now();
  if (holds) return stored;
  if (options.token === undefined) {
    if (stored === undefined) {
      throw new EnrolError(
        'not_enrolled',
        `this agent is not enrolled: ${options.stateDir} holds no certificate. Get a token from an administrator and run "sallyport-agent enroll"`,
      );
    }
    throw new EnrolError(
      'certificate_expired',
      `the agent's certificate expired at ${new Date(validity(stored.certificatePem).toMs).toISOString()}. Get a new token from an administrator and run "sallyport-agent enroll"`,
    );
  }
  return await enrolPatiently(options, options.token);
}

async function enrolPatiently(options: ObtainOptions, token: string): Promise<Identity> {
  const { config, connect, stateDir, version: agentVersion, log, signal } = options;
  for (let waitMs = RECONNECT_MIN_MS; ; waitMs = Math.min(RECONNECT_MAX_MS, waitMs * 2)) {
    for (const address of config.gateways) {
      try {
        const identity = await enrol({ address, token, stateDir, agentVersion, connect });
        log.info('enrolled', { agent: identity.agentName });
        return identity;
      } catch (thrown) {
        if (!(thrown instanceof EnrolError) || !thrown.passing || signal?.aborted === true) throw thrown;
        log.warn('not enrolled yet', { why: errorText(thrown), retryMs: waitMs });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    signal?.throwIfAborted();
  }
}
