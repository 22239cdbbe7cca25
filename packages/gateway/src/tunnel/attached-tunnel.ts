import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { AgentControl__Output, GatewayControl } from '@sallyport/proto';
import type { ChannelStream } from './channel.ts';
import type { Identity } from './identify.ts';
import { CONTROL_BACKLOG_MAX } from './limits.ts';
import type { PendingOpen } from './opens.ts';
import type { ServerStatus } from './types.ts';

export type ControlCall = ServerDuplexStream<AgentControl__Output, GatewayControl>;

/** What Hello and the negotiation have settled about a tunnel. */
export interface TunnelFacts {
  readonly identity: Identity;
  readonly agentVersion: string;
  readonly protocol: number;
  readonly bootId: string;
  /** Wall clock, milliseconds. */
  readonly attachedAt: number;
  readonly clockOffsetMs: number;
}

/** One attached tunnel: the control stream, the lease, and what runs through it. */
export class AttachedTunnel {
  readonly facts: TunnelFacts;
  readonly call: ControlCall;
  readonly channels = new Set<ChannelStream>();
  readonly pending = new Map<string, PendingOpen>();
  /** Undefined until the agent has sent its first inventory. */
  inventory: ReadonlyMap<string, ServerStatus> | undefined;
  /** The agent said it goes away. */
  draining = false;
  /** When the same process attached again: since then this tunnel only finishes what it has, if it still answers. */
  supersededAtMs: number | undefined;
  /** The agent was asked to attach again with its new certificate. */
  askedToMove = false;
  lost = false;
  controlMessages = 0;
  /** Version of the masking rules that were sent, that the agent has, and why it did not take them. */
  rulesSent: number | undefined;
  rulesVersion = 0;
  rulesProblem = '';
  #leaseNumber = 0;
  #acknowledged = 0;
  #leaseDueMs: number;
  #acknowledgedAtMs: number;
  #waitingForInventory: (() => void)[] = [];

  constructor(facts: TunnelFacts, call: ControlCall, nowMs: number) {
    this.facts = facts;
    this.call = call;
    this.#leaseDueMs = nowMs;
    this.#acknowledgedAtMs = nowMs;
  }

  get agent(): string {
    return this.facts.identity.agent;
  }

  get peer(): string {
    return this.facts.identity.peer;
  }

  /** Queues a control message. */
  send(message: GatewayControl): void {
    if (!this.lost) this.call.write(message);
  }

  /** The agent has stopped reading what it is told. */
  get deaf(): boolean {
    return this.call.writableLength > CONTROL_BACKLOG_MAX;
  }

  /** Milliseconds since the agent last answered a lease, or since it attached. */
  leaseAgeMs(nowMs: number): number {
    return nowMs - this.#acknowledgedAtMs;
  }

  renewLeaseIfDue(nowMs: number, everyMs: number): void {
    if (nowMs < this.#leaseDueMs) return;
    this.#leaseDueMs = nowMs + everyMs;
    this.#leaseNumber += 1;
    this.send({ lease: { number: this.#leaseNumber } });
  }

  /** Makes the next lease due now. */
  hurryLease(nowMs: number): void {
    this.#leaseDueMs = nowMs;
  }

  /** Takes an answer to a lease. Numbers never given, and old ones, change nothing. */
  acknowledge(number: number, nowMs: number): void {
    if (number <= this.#acknowledged || number > this.#leaseNumber) return;
    this.#acknowledged = number;
    this.#acknowledgedAtMs = nowMs;
  }

  takeInventory(servers: ReadonlyMap<string, ServerStatus>): void {
    this.inventory = servers;
    for (const wake of this.#waitingForInventory.splice(0)) wake();
  }

  /** Resolves when there is an inventory, the tunnel is lost, or the time is over. */
  inventoryArrived(maxMs: number): Promise<void> {
    if (this.inventory !== undefined || this.lost) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, maxMs);
      this.#waitingForInventory.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Marks the tunnel as lost and lets go of who waits for it. */
  markLost(): void {
    this.lost = true;
    for (const wake of this.#waitingForInventory.splice(0)) wake();
  }
}
