import { errorText } from '@sallyport/shared/errors';
import type { Hub } from './hub.ts';
import type { KnownCertificates } from './identify.ts';
import type { TunnelOptions } from './options.ts';

/** Makes revocations hold: in the storage, in memory, and on the wire. */
export class Revocations {
  readonly #options: Pick<TunnelOptions, 'store' | 'clock' | 'logger'>;
  readonly #known: KnownCertificates;
  readonly #hub: Hub;
  #failing = false;

  constructor(
    options: Pick<TunnelOptions, 'store' | 'clock' | 'logger'>,
    known: KnownCertificates,
    hub: Hub,
  ) {
    this.#options = options;
    this.#known = known;
    this.#hub = hub;
  }

  /** Revokes an agent and cuts it off at once. `false`: there is no such agent. */
  async revokeAgent(name: string): Promise<boolean> {
    // Commit point: from here on no replica and no restart lets the agent in.
    const found = await this.#options.store.revokeAgent(name, this.#options.clock.now());
    if (!found) return false;
    this.#known.revokeAgent(name);
    for (const tunnel of this.#hub.tunnels(name)) {
      this.#hub.lose(tunnel, 'revoked', { connection: 'now', resumable: false });
    }
    return true;
  }

  /** Takes certificates as revoked and cuts the tunnels that stand on them. */
  enforce(serials: readonly string[]): void {
    if (serials.length === 0) return;
    this.#known.revoke(serials);
    const revoked = new Set(serials);
    for (const tunnel of this.#hub.tunnels()) {
      if (!revoked.has(tunnel.facts.identity.serial)) continue;
      this.#hub.lose(tunnel, 'revoked', { connection: 'now', resumable: false });
    }
  }

  /** Looks up what other replicas have revoked. Never throws: without the storage the last known state holds. */
  async poll(): Promise<void> {
    const { store, clock, logger } = this.#options;
    try {
      this.enforce(await store.revokedSerials(clock.now()));
      this.#known.forgetExpired();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) logger.warn('tunnel: revocations could not be read', { cause: errorText(error) });
      this.#failing = true;
    }
  }
}
