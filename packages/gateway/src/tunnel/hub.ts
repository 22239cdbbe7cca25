import { status } from '@grpc/grpc-js';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { AttachedTunnel } from './attached-tunnel.ts';
import type { ChannelEvents, ChannelStream } from './channel.ts';
import { CHANNEL_END_MAX_MS, DISMISSAL_MS } from './limits.ts';
import { Opens } from './opens.ts';
import type { TunnelOptions } from './options.ts';
import { Questions } from './questions.ts';
import { ToolQuestions } from './tool-questions.ts';
import type { ReceiptsAnswer, WitnessAnswer } from './types.ts';

/** Why a tunnel ended, for the record. */
export type LostReason =
  | 'closed' // the agent ended it
  | 'connection_lost'
  | 'lease' // no answer to a lease in time
  | 'replaced' // another process of the agent has attached
  | 'superseded' // the same process has attached again and this tunnel's last channel has ended
  | 'revoked'
  | 'certificate_expired'
  | 'protocol' // the agent broke the protocol or stopped reading
  | 'drain'; // the gateway stops

export type SessionsLost = { agent: string; sessionIds: readonly string[] | 'all'; reason: string };

interface Seat {
  /** The tunnel that takes new channels. */
  current: AttachedTunnel | undefined;
  /** Tunnels of the same process that only finish what they have. */
  readonly older: Set<AttachedTunnel>;
  /** Outlives the tunnels: another value at the next Attach means that no session lives. */
  bootId: string | undefined;
}

/** Whether to close the connection with the tunnel, and how. */
export interface Ending {
  /** 'now' closes the socket at once; 'told' first lets the agent read why; 'stream' leaves the connection. */
  readonly connection: 'now' | 'told' | 'stream';
  readonly resumable: boolean;
}

/** The tunnels that are attached to this replica, by agent. Each tunnel enters and leaves here, once. */
export class Hub {
  readonly opens: Opens;
  readonly witnessQuestions = new Questions<WitnessAnswer>();
  readonly receiptsQuestions = new Questions<ReceiptsAnswer>();
  readonly toolQuestions = new ToolQuestions();
  readonly #seats = new Map<string, Seat>();
  readonly #clock: TunnelOptions['clock'];
  readonly #record: TunnelOptions['record'];
  readonly #logger: Logger;
  readonly #cut: (peer: string) => void;
  readonly #recording = new Set<Promise<unknown>>();
  readonly #listeners: ((lost: SessionsLost) => void)[] = [];
  #onIdle: (() => void) | undefined;

  constructor(options: Pick<TunnelOptions, 'clock' | 'record' | 'logger'>, cut: (peer: string) => void) {
    this.#clock = options.clock;
    this.#record = options.record;
    this.#logger = options.logger;
    this.#cut = cut;
    const events: ChannelEvents = {
      onFinished: (channel) => this.#channelFinished(channel),
      onEndedUnread: (channel, reason) => this.#endUnread(channel, reason),
    };
    this.opens = new Opens(events);
  }

  current(agent: string): AttachedTunnel | undefined {
    return this.#seats.get(agent)?.current;
  }

  /** All tunnels of an agent, or of all agents, as they are now. */
  tunnels(agent?: string): AttachedTunnel[] {
    const seats = agent === undefined ? [...this.#seats.values()] : [this.#seats.get(agent)];
    return seats.flatMap((seat) => [
      ...(seat?.older ?? []),
      ...(seat?.current === undefined ? [] : [seat.current]),
    ]);
  }

  /**
   * Seats a tunnel that was welcomed. Another process of the same agent is sent away: one name is one process. A
   * tunnel of the same process (it has a new certificate, or lost its connection unnoticed) may finish what it has,
   * if it still answers.
   */
  attach(tunnel: AttachedTunnel): void {
    const { agent, facts } = tunnel;
    const seat = this.#seats.get(agent) ?? {
      current: undefined,
      older: new Set<AttachedTunnel>(),
      bootId: undefined,
    };
    this.#seats.set(agent, seat);
    const before = seat.current;
    const restarted = seat.bootId !== undefined && seat.bootId !== facts.bootId;
    if (restarted) {
      for (const old of this.tunnels(agent)) {
        old.send({
          refused: {
            code: 'duplicate',
            detail: `Another process has attached as agent ${agent}. Run one process per agent name, or enrol this one under a name of its own.`,
          },
        });
        this.lose(old, 'replaced', { connection: 'told', resumable: false });
      }
    } else if (before !== undefined) {
      for (const old of [...seat.older])
        this.lose(old, 'superseded', { connection: 'told', resumable: true });
      before.supersededAtMs = this.#clock.monotonicMs();
      before.hurryLease(this.#clock.monotonicMs());
      seat.older.add(before);
    }
    seat.bootId = facts.bootId;
    seat.current = tunnel;
    if (restarted) this.sessionsLost({ agent, sessionIds: 'all', reason: 'agent restarted' });
  }

  /** Ends a tunnel, whatever the cause; a second time does nothing. */
  lose(tunnel: AttachedTunnel, reason: LostReason, ending: Ending): void {
    if (tunnel.lost) return;
    const { agent, peer, facts } = tunnel;
    const seat = this.#seats.get(agent);
    seat?.older.delete(tunnel);
    if (seat?.current === tunnel) seat.current = undefined;
    const channels = [...tunnel.channels];
    tunnel.markLost();
    this.opens.abandon(tunnel);
    // Before the channels close, so that 'now' means that not one more byte passes.
    if (ending.connection === 'now')
      for (const one of new Set([peer, ...channels.map((channel) => channel.peer)])) this.#cut(one);
    for (const channel of channels) channel.abandon(`tunnel lost: ${reason}`, ending.resumable);
    if (ending.connection !== 'now') tunnel.call.emit('error', { code: status.ABORTED, details: reason });
    if (ending.connection === 'told') this.#cutSoon(peer);
    this.#logger.info('tunnel: lost', { agent, reason, channels: channels.length });
    const connectedMs = Math.max(0, this.#clock.now() - facts.attachedAt);
    this.#keep(
      this.#record({
        kind: 'agent.lost',
        actor: { kind: 'gateway', name: 'tunnel' },
        agent,
        fields: { reason, bootId: facts.bootId, channels: channels.length, connectedMs },
      }),
      agent,
    );
    this.#idleCheck();
  }

  onSessionsLost(listener: (lost: SessionsLost) => void): void {
    this.#listeners.push(listener);
  }

  sessionsLost(lost: SessionsLost): void {
    for (const listener of this.#listeners) listener(lost);
  }

  /** Ends a session at its agent, with or without a channel. */
  endSession(agent: string, sessionId: string, reason: string): void {
    for (const tunnel of this.tunnels(agent)) {
      tunnel.send({ endSession: { sessionId, reason } });
      for (const channel of [...tunnel.channels]) if (channel.sessionId === sessionId) channel.end(reason);
    }
  }

  openChannels(): number {
    return this.tunnels().reduce((sum, tunnel) => sum + tunnel.channels.size + tunnel.pending.size, 0);
  }

  /** Resolves when no channel is open, or after `maxMs`. */
  async channelsEnded(maxMs: number): Promise<void> {
    if (this.openChannels() === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onIdle = undefined;
  }

  /** Resolves when what was to be recorded has been, or could not be. */
  async recorded(): Promise<void> {
    await Promise.allSettled([...this.#recording]);
  }

  #channelFinished(channel: ChannelStream): void {
    for (const tunnel of this.tunnels(channel.agent)) tunnel.channels.delete(channel);
    this.#idleCheck();
  }

  #endUnread(channel: ChannelStream, reason: string): void {
    const tunnel = this.tunnels(channel.agent).find((one) => one.channels.has(channel));
    if (tunnel === undefined) return;
    tunnel.send({ endSession: { sessionId: channel.sessionId, reason } });
    // An agent that neither reads the channel nor obeys the control stream cannot be trusted to have stopped.
    setTimeout(() => {
      if (!channel.gone) this.lose(tunnel, 'protocol', { connection: 'now', resumable: false });
    }, CHANNEL_END_MAX_MS).unref();
  }

  #idleCheck(): void {
    if (this.#onIdle !== undefined && this.openChannels() === 0) this.#onIdle();
  }

  /** Closes the connection once the agent had time to read why, unless another of its tunnels uses it. */
  #cutSoon(peer: string): void {
    setTimeout(() => {
      if (!this.tunnels().some((tunnel) => tunnel.peer === peer)) this.#cut(peer);
    }, DISMISSAL_MS).unref();
  }

  #keep(recording: Promise<unknown>, agent: string): void {
    const kept = recording.catch((error: unknown) => {
      this.#logger.error('tunnel: the loss of an agent could not be recorded', {
        agent,
        cause: errorText(error),
      });
    });
    this.#recording.add(kept);
    void kept.then(() => this.#recording.delete(kept));
  }
}
