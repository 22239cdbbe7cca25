import { MessageError, RPC, readBatch } from '@sallyport/shared/jsonrpc';
import { Ending } from './ending.ts';
import { runMessage } from './message.ts';
import type { Answer, Rooms } from './rooms.ts';
import { settle } from './settle.ts';
import { authenticate, type Incoming, receive } from './stages.ts';
import { BATCH_VERSION } from './versions.ts';

/** A batch is a way to send many calls; more than this many is an attack, not a client. */
const BATCH_MAX_MESSAGES = 64;

/**
 * A JSON-RPC batch: only in sessions of revision 2025-03-26. Each element goes the whole way by itself, so that
 * a denied one never reaches the server beside an allowed one (THREATS.md).
 */
export async function runBatch(rooms: Rooms, incoming: Incoming, answer: Answer): Promise<void> {
  const received = receive(incoming, rooms.clock.monotonicMs());
  const trail: Parameters<typeof settle>[1] = { received };
  try {
    const authenticated = authenticate(rooms, received);
    trail.authenticated = authenticated;
    const { principal } = authenticated.fields;
    const session = await rooms.sessions.attach(incoming.sessionId ?? '', principal, incoming.serverName);
    if (session.protocolVersion !== BATCH_VERSION)
      throw refused('Batches belong to revision 2025-03-26 only.');
    const messages = readBatch(incoming.body);
    if (messages.length > BATCH_MAX_MESSAGES)
      throw refused(`A batch has at most ${BATCH_MAX_MESSAGES} messages.`);
    const parts = await Promise.all(
      messages.map(async (message) => {
        const part = new BatchPart(answer);
        await runMessage(rooms, { ...incoming, body: message.raw }, part);
        return part;
      }),
    );
    const bodies = parts.flatMap((part) => part.bodies);
    if (bodies.length === 0) answer.final({ status: 202 });
    else
      answer.final({
        status: 200,
        body: Buffer.from(`[${bodies.map((body) => body.toString()).join(',')}]`),
      });
  } catch (thrown) {
    await settle(rooms, trail, thrown instanceof MessageError ? refused(thrown.message) : thrown, answer);
  }
}

function refused(message: string): Ending {
  return new Ending('malformed', message, { status: 400, rpcCode: RPC.invalidRequest });
}

/** One element's share of the batch's answer. What comes before is released at once: a server may wait for it. */
class BatchPart implements Answer {
  readonly bodies: Buffer[] = [];
  readonly #whole: Answer;

  constructor(whole: Answer) {
    this.#whole = whole;
  }

  announce(): void {
    // No request of a batch begins a session.
  }

  interim(raw: Buffer): Promise<void> {
    return this.#whole.interim(raw);
  }

  final(reply: { body?: Buffer }): void {
    if (reply.body !== undefined) this.bodies.push(reply.body);
  }

  /** The whole batch has one HTTP response. What was sent goes on; what is still held is given up. */
  onGone(listener: () => void): void {
    this.#whole.onGone(listener);
  }
}
