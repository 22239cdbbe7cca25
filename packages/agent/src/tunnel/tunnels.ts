import { TUNNEL_PROTOCOL } from '@sallyport/proto';
import type { Clock } from '@sallyport/shared/clock';
import { TUNNELS_MAX } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { Link } from './link.ts';
import type { Address, ConnectClient, Credentials, TunnelHandlers } from './types.ts';

export interface TunnelsOptions {
  readonly agentVersion: string;
  readonly bootId: string;
  /** Verifier key of the agent as a witness. */
  readonly witnessKey: string;
  readonly connect: ConnectClient;
  readonly credentials: () => Credentials;
  readonly handlers: TunnelHandlers;
  readonly parseAddress: (text: string) => Address | undefined;
  readonly formatAddress: (address: Address) => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Optional abilities that Hello names. */
const FEATURES = ['resume', 'drain', 'probe'] as const;

/**
 * All tunnels of this agent: one for each address its configuration names, and one for each further replica that
 * a gateway names in Welcome, TUNNELS_MAX at most.
 */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #links = new Map<string, Link>();
  /** Replica addresses that turned out to lead where another tunnel already goes. */
  readonly #aliases = new Set<string>();
  #configured: ReadonlySet<string> = new Set();
  #stopped = false;

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  get attachedCount(): number {
    let count = 0;
    for (const link of this.#links.values()) if (link.attached) count += 1;
    return count;
  }

  /** The addresses agent.yaml names; also after a change of it. */
  setAddresses(addresses: readonly Address[]): void {
    this.#configured = new Set(addresses.map(this.#options.formatAddress));
    this.#aliases.clear();
    this.#adjust();
  }

  sendInventory(): void {
    for (const link of this.#links.values()) link.sendInventory();
  }

  /** The certificate is new: the gateway cuts tunnels whose certificate has expired, so they are made anew. */
  reattach(): void {
    for (const link of this.#links.values()) link.reattach();
  }

  sendDraining(reason: string): void {
    for (const link of this.#links.values()) link.sendDraining(reason);
  }

  stop(): void {
    this.#stopped = true;
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
  }

  #adjust(): void {
    if (this.#stopped) return;
    const wanted = new Set([...this.#configured, ...this.#named()].slice(0, TUNNELS_MAX));
    for (const [text, link] of this.#links) {
      if (wanted.has(text) && !this.#aliases.has(text)) continue;
      this.#links.delete(text);
      link.stop();
    }
    for (const text of wanted) {
      const address = this.#options.parseAddress(text);
      if (this.#links.has(text) || this.#aliases.has(text) || address === undefined) continue;
      this.#links.set(text, this.#open(text, address));
    }
  }

  #open(text: string, address: Address): Link {
    const { connect, credentials, handlers, clock } = this.#options;
    return new Link({
      id: text,
      address,
      connect,
      credentials,
      handlers,
      clock,
      log: this.#options.log.child({ gateway: text }),
      hello: () => ({
        protocolMin: TUNNEL_PROTOCOL.min,
        protocolMax: TUNNEL_PROTOCOL.max,
        agentVersion: this.#options.agentVersion,
        bootId: this.#options.bootId,
        features: [...FEATURES],
        liveSessions: handlers.liveSessions(),
        clockMs: clock.now(),
        witnessKey: this.#options.witnessKey,
      }),
      onWelcome: (welcome) => this.#welcomed(text, welcome.replica, welcome.replicas),
    });
  }

  /** False when the tunnel leads to a replica that another one already reaches, and only a replica list named it. */
  #welcomed(text: string, replica: string, replicas: readonly string[]): boolean {
    const twin = [...this.#links.values()].some(
      (link) => link.id !== text && link.attached && link.replica === replica && replica !== '',
    );
    if (twin && !this.#configured.has(text)) {
      this.#aliases.add(text);
      queueMicrotask(() => this.#adjust());
      return false;
    }
    const link = this.#links.get(text);
    if (link !== undefined) link.replicas = replicas;
    queueMicrotask(() => this.#adjust());
    return true;
  }

  /**
   * Replicas that gateways name. A configured address counts also while it is away; one that only a list named
   * counts while it answers, so that a replica which is gone for good does not keep itself alive.
   */
  #named(): string[] {
    const named = new Set<string>();
    for (const [text, link] of this.#links) {
      if (!link.attached && !this.#configured.has(text)) continue;
      for (const replica of link.replicas) named.add(replica);
    }
    return [...named].filter((replica) => !this.#configured.has(replica));
  }
}
