import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Authority, ServerIdentity } from './authority.ts';

const CHECK_MAX_MS = 60 * 60 * 1000;
const RETRY_MS = 60 * 1000;

/**
 * Renews the server's certificate at two thirds of its life. `onRenewed` puts the new one to use; when it rejects
 * (it records the renewal first) the old one stays and the renewal is tried again.
 */
export class ServerCertificate {
  readonly #authority: Authority;
  readonly #names: readonly string[];
  readonly #lifetimeMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: {
    authority: Authority;
    names: readonly string[];
    lifetimeMs: number;
    clock: Clock;
    logger: Logger;
  }) {
    this.#authority = parts.authority;
    this.#names = parts.names;
    this.#lifetimeMs = parts.lifetimeMs;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  issue(): Promise<ServerIdentity> {
    return this.#authority.issueServer(this.#names, this.#lifetimeMs);
  }

  /** Watches over an identity until `stop`. */
  watch(identity: ServerIdentity, onRenewed: (next: ServerIdentity) => Promise<void>): void {
    const dueAt = identity.issuedAt + ((identity.expiresAt - identity.issuedAt) * 2) / 3;
    // The wall clock is looked at again and again: it may be set, and the machine may have slept.
    const waitMs = Math.min(Math.max(dueAt - this.#clock.now(), 0), CHECK_MAX_MS);
    this.#timer = setTimeout(() => {
      if (this.#clock.now() < dueAt) this.watch(identity, onRenewed);
      else void this.#renew(identity, onRenewed);
    }, waitMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #renew(identity: ServerIdentity, onRenewed: (next: ServerIdentity) => Promise<void>): Promise<void> {
    try {
      const next = await this.issue();
      await onRenewed(next);
      if (this.#timer !== undefined) this.watch(next, onRenewed);
    } catch (error) {
      this.#logger.error("tunnel: the server's certificate was not renewed", { cause: errorText(error) });
      if (this.#timer === undefined) return;
      this.#timer = setTimeout(() => void this.#renew(identity, onRenewed), RETRY_MS).unref();
    }
  }
}
