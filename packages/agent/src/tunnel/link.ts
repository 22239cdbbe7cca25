import type { Clock } from '@sallyport/shared/clock';
import {
  RECONNECT_HEALTHY_MS,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  REFUSED_MAX_MS,
  REFUSED_MIN_MS,
} from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { Attachment, type AttachmentEnd } from './attachment.ts';
import { Backoff } from './backoff.ts';
import { Lease } from './lease.ts';
import type { Address, ConnectClient, Control, Credentials, Order, TunnelHandlers } from './types.ts';

/** What is wrong and what helps, for each code of Refused (tunnel.proto). */
const REFUSALS: Readonly<Record<string, string>> = {
  protocol_version:
    'agent and gateway speak no common version of the tunnel protocol; update the older of the two',
  revoked: 'the gateway has revoked this agent; an administrator has to issue a new enrolment token',
  clock: "this machine's clock differs too much from the gateway's; set it by NTP",
  unauthenticated: "the gateway does not accept this agent's certificate",
  duplicate: 'another agent holds a tunnel under the same name; each agent needs an enrolment of its own',
};

export interface LinkOptions {
  readonly id: string;
  readonly address: Address;
  readonly connect: ConnectClient;
  /** The newest certificate each time: a renewed one is used from the next connection on. */
  readonly credentials: () => Credentials;
  readonly hello: () => NonNullable<Control['hello']>;
  readonly handlers: TunnelHandlers;
  /** Told after Welcome; false when the tunnel is not wanted (another one leads to the same replica). */
  readonly onWelcome: (welcome: NonNullable<Order['welcome']>) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The tunnel to one address, kept up for as long as the agent wants it. */
export class Link {
  readonly id: string;
  readonly address: Address;
  readonly #options: LinkOptions;
  readonly #lease: Lease;
  readonly #draining = new Set<Attachment>();
  readonly #reconnect = new Backoff(RECONNECT_MIN_MS, RECONNECT_MAX_MS);
  readonly #refused = new Backoff(REFUSED_MIN_MS, REFUSED_MAX_MS);
  #current: Attachment | undefined;
  #stopped = false;
  #said = '';
  #wake: (() => void) | undefined;
  /** Addresses of the replicas that the last Welcome named. */
  replicas: readonly string[] = [];
  /** Identity of the replica that answered last. */
  replica = '';

  constructor(options: LinkOptions) {
    this.id = options.id;
    this.address = options.address;
    this.#options = options;
    this.#lease = new Lease(options.clock, () => this.#leaseEnded());
    void this.#keepUp();
  }

  get attached(): boolean {
    return this.#current?.welcomed === true;
  }

  sendInventory(): void {
    // Also before Welcome: the one sent with Hello may be out of date by then.
    this.#current?.sendInventory();
  }

  sendDraining(reason: string): void {
    for (const attachment of [this.#current, ...this.#draining]) attachment?.sendDraining(reason);
  }

  /** Attaches anew, with the newest certificate; what runs stays on the connection it has until it is done. */
  reattach(): void {
    if (this.#current?.welcomed === true) this.#current.supersede();
  }

  /** Stops for good and ends what lives on this link's lease. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#lease.stop();
    this.#options.handlers.leaseEnded(this.id);
    this.#current?.close();
    for (const attachment of this.#draining) attachment.close();
    this.#wake?.();
  }

  async #keepUp(): Promise<void> {
    while (!this.#stopped) {
      const startedAt = this.#options.clock.monotonicMs();
      const end = await this.#attach();
      if (this.#stopped) return;
      if (this.#options.clock.monotonicMs() - startedAt > RECONNECT_HEALTHY_MS) this.#reconnect.reset();
      await this.#pause(this.#report(end));
    }
  }

  async #attach(): Promise<AttachmentEnd> {
    const { connect, credentials, handlers, log } = this.#options;
    const attachment = new Attachment({
      linkId: this.id,
      client: connect(this.address, credentials()),
      hello: this.#options.hello(),
      inventory: handlers.inventory,
      log,
      events: {
        welcome: (welcome) => this.#welcomed(attachment, welcome),
        lease: () => this.#lease.renew(),
        openChannel: handlers.openChannel,
        endSession: handlers.endSession,
        probe: handlers.probe,
        witness: handlers.witness,
        receipts: handlers.receipts,
        listTools: handlers.listTools,
        rules: handlers.rulesTaker(),
        sessionEnded: (sessionId, reason, detail) => this.#sessionEnded(sessionId, reason, detail),
        closed: () => this.#draining.delete(attachment),
      },
    });
    this.#current = attachment;
    const end = await attachment.done;
    this.#current = undefined;
    // It stays for its channels. The gateway closes it when they are done or its grace is over; the lease ends
    // what the gateway forgets.
    if ((end.kind === 'draining' || end.kind === 'superseded') && attachment.welcomed) {
      this.#draining.add(attachment);
    }
    return end;
  }

  #sessionEnded(sessionId: string, reason: string, detail: string): void {
    const open = [this.#current, ...this.#draining].find((attachment) => attachment?.welcomed === true);
    // With none open the next Hello says it: the session is not among the live ones.
    open?.sendSessionEnded(sessionId, reason, detail);
  }

  #welcomed(attachment: Attachment, welcome: NonNullable<Order['welcome']>): void {
    this.#lease.grant(welcome.leaseMs);
    this.replica = welcome.replica;
    this.#refused.reset();
    this.#said = '';
    for (const sessionId of welcome.endSessions) this.#options.handlers.endSession(sessionId, 'unknown');
    if (!this.#options.onWelcome(welcome)) {
      attachment.close();
      return;
    }
    this.#options.log.info('attached', {
      replica: welcome.replica,
      gatewayVersion: welcome.gatewayVersion,
      protocol: welcome.protocol,
      leaseMs: welcome.leaseMs,
    });
  }

  /** Logs an end in plain words, once for each new reason, and says how long to wait. */
  #report(end: AttachmentEnd): number {
    const { log } = this.#options;
    if (end.kind === 'superseded') return 0;
    if (end.kind === 'draining') {
      log.info('the gateway drains; attaching anew');
      return this.#reconnect.nextMs();
    }
    if (end.kind === 'refused') {
      const words = REFUSALS[end.code] ?? `the gateway refused the tunnel (${end.code})`;
      const waitMs = this.#refused.nextMs();
      log.error(words, { code: end.code, why: end.why, retryMs: Math.round(waitMs) });
      // Whoever is not accepted any more must not go on until the lease ends.
      if (end.code === 'revoked' || end.code === 'unauthenticated') {
        this.#options.handlers.leaseEnded(this.id);
      }
      return waitMs;
    }
    const waitMs = this.#reconnect.nextMs();
    if (this.#said === end.why) log.debug('tunnel still away', { why: end.why });
    else log.warn('tunnel lost', { why: end.why });
    this.#said = end.why;
    return waitMs;
  }

  #leaseEnded(): void {
    this.#options.log.error('the lease was not renewed; all sessions of this tunnel end');
    this.#options.handlers.leaseEnded(this.id);
    // A stream that is open but silent is no tunnel.
    this.#current?.close();
    for (const attachment of this.#draining) attachment.close();
    this.#draining.clear();
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
