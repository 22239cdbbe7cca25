import { status } from '@grpc/grpc-js';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { Refusal } from './errors.ts';
import type { FailureLimit } from './failure-limit.ts';
import type { CallerOf, Identity, KnownCertificates } from './identify.ts';
import type { TunnelOptions } from './options.ts';

/** Methods of the tunnel's service. */
export type Method = 'Enroll' | 'Renew' | 'Attach' | 'Channel';

/** What is needed of a stream to end it. */
export interface EndableCall {
  emit(event: 'error', status: { code: number; details: string }): boolean;
  resume(): unknown;
}

/** Lets callers in by their certificate, and records who was turned away. */
export class Gate {
  /** Failed tries to enrol: beyond it a source is not listened to. */
  readonly enrolments: FailureLimit;
  /**
   * Refused certificates: beyond it a source's refusals are no longer recorded one by one. A count of its own, so that
   * a revoked agent that keeps trying does not keep its machine from being enrolled anew.
   */
  readonly #certificates: FailureLimit;
  readonly #known: KnownCertificates;
  readonly #record: TunnelOptions['record'];
  readonly #logger: Logger;
  readonly #onIdentified: (peer: string) => void;

  constructor(parts: {
    known: KnownCertificates;
    enrolments: FailureLimit;
    certificates: FailureLimit;
    record: TunnelOptions['record'];
    logger: Logger;
    onIdentified: (peer: string) => void;
  }) {
    this.enrolments = parts.enrolments;
    this.#certificates = parts.certificates;
    this.#known = parts.known;
    this.#record = parts.record;
    this.#logger = parts.logger;
    this.#onIdentified = parts.onIdentified;
  }

  /**
   * Who calls, by the certificate.
   *
   * @throws Refusal, recorded
   */
  async identify(call: CallerOf, method: Method): Promise<Identity> {
    try {
      const identity = await this.#known.identify(call);
      this.#onIdentified(identity.peer);
      return identity;
    } catch (error) {
      const source = sourceOf(call);
      const counted = this.#certificates.charge(source);
      const limited = this.#certificates.justPassed(source);
      if (counted || limited) await this.recordFailure(method, source, error, { limited });
      throw error;
    }
  }

  /**
   * Records a failed authentication; `limited` says that those that follow in this minute are not recorded. Never
   * throws: the caller is refused whether or not it could be recorded.
   */
  async recordFailure(
    method: Method,
    source: string,
    error: unknown,
    more: { agent?: string | undefined; limited?: boolean } = {},
  ): Promise<void> {
    const { agent, limited = false } = more;
    const reason = error instanceof Refusal ? error.reason : 'unavailable';
    this.#logger.warn('tunnel: a caller was refused', { method, source, reason, agent });
    // A failure of ours is not one of theirs.
    if (reason === 'unavailable') return;
    try {
      await this.#record({
        kind: 'auth.failure',
        actor: { kind: 'anonymous', name: source },
        ...(agent === undefined ? {} : { agent }),
        source: { ip: source },
        fields: { method: `tunnel.${method}`, reason, limited },
      });
    } catch (cause) {
      this.#logger.error('tunnel: a refusal could not be recorded', {
        method,
        source,
        reason,
        cause: errorText(cause),
      });
    }
  }

  /** Ends a stream with what a refusal says; anything else is told in general words and logged. */
  turnAway(call: EndableCall, method: Method, error: unknown): void {
    // grpc-js takes an 'error' event as the status to end with.
    call.emit('error', this.asStatus(method, error));
    // What the caller still sends is read and dropped, so that the stream can close.
    call.resume();
  }

  /** The gRPC status of an error. */
  asStatus(method: Method, error: unknown): { code: number; details: string; name: string; message: string } {
    if (error instanceof Refusal) {
      return { code: error.code, details: error.details, name: error.name, message: error.details };
    }
    this.#logger.error('tunnel: a call failed', { method, cause: errorText(error) });
    const details = 'The gateway could not do this now. Try again later; its log says why.';
    return { code: status.UNAVAILABLE, details, name: 'Refusal', message: details };
  }
}

/** The address a call comes from, without the port. */
export function sourceOf(call: CallerOf): string {
  const peer = call.getPeer();
  const colon = peer.lastIndexOf(':');
  return colon === -1 ? peer : peer.slice(0, colon);
}
