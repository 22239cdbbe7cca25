import { status } from '@grpc/grpc-js';
import { newId } from '@sallyport/shared/ids';
import type { AttachedTunnel } from './attached-tunnel.ts';
import { type ChannelCall, type ChannelEvents, ChannelStream } from './channel.ts';
import { Refusal, TunnelError } from './errors.ts';
import type { Identity } from './identify.ts';
import { boundedText } from './inventory.ts';
import { PENDING_OPENS_MAX } from './limits.ts';
import type { Channel, OpenChannelRequest, TunnelErrorCode } from './types.ts';

/** A channel that was asked for and whose stream has not come yet. */
export interface PendingOpen {
  readonly channelId: string;
  readonly request: OpenChannelRequest;
  readonly tunnel: AttachedTunnel;
  readonly transport: Channel['transport'];
  readonly timer: NodeJS.Timeout;
  resolve(channel: Channel): void;
  reject(error: TunnelError): void;
}

const REFUSALS: Readonly<Record<string, { code: TunnelErrorCode; words: string }>> = {
  REFUSAL_CODE_UNKNOWN_SERVER: { code: 'unknown_server', words: 'has no server of that name' },
  REFUSAL_CODE_SERVER_UNAVAILABLE: {
    code: 'server_unavailable',
    words: 'could not start or reach the server',
  },
  REFUSAL_CODE_FORBIDDEN_BY_AGENT: {
    code: 'agent_refused',
    words: 'does not allow it by its own configuration',
  },
  REFUSAL_CODE_SESSION_GONE: { code: 'session_gone', words: 'no longer has the session; start a new one' },
  REFUSAL_CODE_DRAINING: { code: 'draining', words: 'is going away; try again in a moment' },
  REFUSAL_CODE_TOO_MANY_SESSIONS: { code: 'agent_refused', words: 'has as many sessions open as it allows' },
};

/** Matches the channels that were asked for with the streams that arrive. */
export class Opens {
  readonly #byId = new Map<string, PendingOpen>();
  readonly #events: ChannelEvents;

  constructor(events: ChannelEvents) {
    this.#events = events;
  }

  /** @throws TunnelError */
  async open(tunnel: AttachedTunnel, request: OpenChannelRequest): Promise<Channel> {
    const startedMs = performance.now();
    await tunnel.inventoryArrived(request.timeoutMs);
    const timeoutMs = Math.max(1, request.timeoutMs - (performance.now() - startedMs));
    if (tunnel.lost) throw away(request.agent);
    if (tunnel.draining) throw draining(request.agent);
    if (tunnel.inventory === undefined) throw timedOut(request);
    const server = tunnel.inventory.get(request.server);
    if (server === undefined) {
      throw new TunnelError(
        'unknown_server',
        `Agent ${request.agent} has no server named ${request.server}. Add it to the agent's configuration.`,
        { origin: 'agent' },
      );
    }
    if (tunnel.pending.size >= PENDING_OPENS_MAX) {
      throw new TunnelError(
        'server_unavailable',
        `Agent ${request.agent} is starting as many sessions as it may at once. Try again in a moment.`,
        { detail: `${tunnel.pending.size} opens are pending` },
      );
    }
    return this.#ask(tunnel, request, server.transport, Math.ceil(timeoutMs));
  }

  /**
   * A Channel stream has arrived. The id must be one we asked for, and the certificate that of the agent we asked: an
   * id that another agent has learnt is worth nothing to it, and does not spoil the open it belongs to.
   *
   * @throws Refusal
   */
  accept(call: ChannelCall, identity: Identity, channelId: string): void {
    const pending = this.#byId.get(channelId);
    if (pending === undefined) {
      throw new Refusal(
        status.NOT_FOUND,
        'unknown_channel',
        'The gateway does not wait for this channel, or no longer.',
      );
    }
    if (pending.request.agent !== identity.agent) {
      throw new Refusal(
        status.PERMISSION_DENIED,
        'foreign_channel',
        'This channel was asked of another agent.',
      );
    }
    this.#settle(pending);
    const { request, tunnel, transport } = pending;
    const channel = new ChannelStream(
      call,
      { id: channelId, sessionId: request.sessionId, agent: request.agent, transport },
      this.#events,
    );
    tunnel.channels.add(channel);
    pending.resolve(channel);
  }

  /** The agent said no. A refusal of what was not asked of this agent is ignored. */
  refused(tunnel: AttachedTunnel, channelId: string, code: string | number, detail: string): void {
    const pending = tunnel.pending.get(channelId);
    if (pending === undefined) return;
    this.#settle(pending);
    const known = REFUSALS[String(code)] ?? { code: 'agent_refused' as const, words: 'refused' };
    pending.reject(
      new TunnelError(
        known.code,
        `Agent ${pending.request.agent}, server ${pending.request.server}: the agent ${known.words}.`,
        {
          origin: known.code === 'server_unavailable' ? 'server' : 'agent',
          detail: boundedText(detail),
        },
      ),
    );
  }

  /** The tunnel is gone: nothing that was asked through it will come. */
  abandon(tunnel: AttachedTunnel): void {
    for (const pending of [...tunnel.pending.values()]) {
      this.#settle(pending);
      pending.reject(away(pending.request.agent));
    }
  }

  #ask(
    tunnel: AttachedTunnel,
    request: OpenChannelRequest,
    transport: Channel['transport'],
    timeoutMs: number,
  ): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const channelId = newId('chn');
      const pending: PendingOpen = {
        channelId,
        request,
        tunnel,
        transport,
        resolve,
        reject,
        timer: setTimeout(() => {
          this.#settle(pending);
          // A server that was started too late must not live on with nobody to talk to it.
          if (!request.resume)
            tunnel.send({ endSession: { sessionId: request.sessionId, reason: 'expired' } });
          reject(timedOut(request));
        }, timeoutMs),
      };
      this.#byId.set(channelId, pending);
      tunnel.pending.set(channelId, pending);
      tunnel.send({
        openChannel: {
          channelId,
          sessionId: request.sessionId,
          server: request.server,
          era: request.era,
          resume: request.resume,
          openTimeoutMs: timeoutMs,
        },
      });
    });
  }

  #settle(pending: PendingOpen): void {
    clearTimeout(pending.timer);
    this.#byId.delete(pending.channelId);
    pending.tunnel.pending.delete(pending.channelId);
  }
}

/** No tunnel of the agent is attached here. */
export function away(agent: string): TunnelError {
  return new TunnelError(
    'agent_away',
    `Agent ${agent} is not connected. Check that it runs and can reach the gateway.`,
    {
      origin: 'agent',
    },
  );
}

/** One of the two ends takes nothing new. */
export function draining(agent: string): TunnelError {
  return new TunnelError('draining', `Agent ${agent} takes no new sessions now. Try again in a moment.`);
}

function timedOut({ agent, server, timeoutMs }: OpenChannelRequest): TunnelError {
  return new TunnelError(
    'open_timeout',
    `Agent ${agent} did not have server ${server} ready within ${timeoutMs} ms. Its log says why.`,
    { origin: 'agent' },
  );
}
