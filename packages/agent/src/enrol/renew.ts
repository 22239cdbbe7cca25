import { X509Certificate } from 'node:crypto';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import {
  ENROL_TIMEOUT_MS,
  RENEW_AT_LIFE_FRACTION,
  RENEW_RETRY_MAX_MS,
  RENEW_RETRY_MIN_MS,
  TIMER_MAX_MS,
} from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { createRequest } from './certificate-request.ts';
import { refusal } from './enrol.ts';
import { saveIdentity } from './state.ts';
import type { Address, Connect, Identity } from './types.ts';

export interface RenewerOptions {
  readonly stateDir: string;
  readonly addresses: () => readonly Address[];
  readonly connect: Connect;
  readonly clock: Clock;
  readonly log: Logger;
  /** The new identity is stored; new connections should use it. */
  readonly onRenewed: () => void;
}

/** Keeps the certificate fresh: renews it at two thirds of its life, and again and again until it has worked. */
export class Renewer {
  readonly #options: RenewerOptions;
  #identity: Identity;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(identity: Identity, options: RenewerOptions) {
    this.#identity = identity;
    this.#options = options;
    this.#arm(this.#dueInMs());
  }

  get identity(): Identity {
    return this.#identity;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #dueInMs(): number {
    const { fromMs, toMs } = validity(this.#identity.certificatePem);
    return fromMs + (toMs - fromMs) * RENEW_AT_LIFE_FRACTION - this.#options.clock.now();
  }

  /** Long waits are cut up and looked at again, so that a clock that is set right is noticed. */
  #arm(waitMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, Math.min(waitMs, TIMER_MAX_MS)));
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const leftMs = this.#dueInMs();
    if (leftMs > 0) {
      this.#arm(leftMs);
      return;
    }
    try {
      await this.#renew();
      this.#failures = 0;
      this.#arm(Math.max(this.#dueInMs(), RENEW_RETRY_MIN_MS / 10));
    } catch (thrown) {
      this.#failures += 1;
      const bound = Math.min(RENEW_RETRY_MAX_MS, RENEW_RETRY_MIN_MS * 2 ** (this.#failures - 1));
      const waitMs = bound / 2 + (Math.random() * bound) / 2;
      this.#options.log.warn('certificate not renewed yet', {
        why: errorText(thrown),
        expires: new Date(validity(this.#identity.certificatePem).toMs).toISOString(),
        retryMs: Math.round(waitMs),
      });
      this.#arm(waitMs);
    }
  }

  async #renew(): Promise<void> {
    const { stateDir, addresses, log, onRenewed } = this.#options;
    const { keyPem, csrDer } = await createRequest(this.#identity.agentName);
    let failure: unknown = new Error('no gateway address is configured');
    for (const address of addresses()) {
      try {
        const answer = await this.#call(address, csrDer);
        if (this.#stopped) return;
        const authorityPem = answer.authorityPem === '' ? this.#identity.authorityPem : answer.authorityPem;
        const next = { ...this.#identity, keyPem, certificatePem: answer.certificatePem, authorityPem };
        // Stored before it is used: after a crash the gateway and the state agree.
        saveIdentity(stateDir, next);
        this.#identity = next;
        log.info('certificate renewed', {
          expires: new Date(validity(next.certificatePem).toMs).toISOString(),
        });
        onRenewed();
        return;
      } catch (thrown) {
        failure = thrown;
      }
    }
    throw failure;
  }

  #call(address: Address, csrDer: Buffer): Promise<{ certificatePem: string; authorityPem: string }> {
    const client = this.#options.connect(address, this.#identity);
    return new Promise<{ certificatePem: string; authorityPem: string }>((resolve, reject) => {
      client.Renew({ csrDer }, { deadline: Date.now() + ENROL_TIMEOUT_MS }, (error, response) => {
        if (error !== null) reject(refusal(error));
        else if (response === undefined) reject(refusal(undefined));
        else resolve(response);
      });
    }).finally(() => client.close());
  }
}

/** From when to when a certificate holds, milliseconds since 1970. */
export function validity(certificatePem: string): { fromMs: number; toMs: number } {
  const certificate = new X509Certificate(certificatePem);
  return { fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
}
