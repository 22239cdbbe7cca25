import type { Message } from '@sallyport/shared/jsonrpc';
import { Ending, REFUSAL } from './ending.ts';
import { Interims } from './interims.ts';
import { record } from './record.ts';
import type { Answer, Rooms } from './rooms.ts';
import { settle, type Trail } from './settle.ts';
import type { Decided, Incoming } from './stages.ts';
import { attach, authenticate, decide, inspect, receive } from './stages.ts';

/** A stream of what the server says unasked. */
export interface Stream extends Answer {
  /** Opens the stream: status 200 and headers. */
  open(): void;
  /** Ends it without an error. */
  end(): void;
}

/** A GET or DELETE has no body; the corridor reads this in its place, so that they go through the same stages. */
const NO_MESSAGE = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');

/**
 * The legacy GET stream (MCP, Streamable HTTP, "Listening for messages from the server"). Each message is
 * decided, masked and recorded before it is released, like any other.
 */
export async function runListen(
  rooms: Rooms,
  incoming: Incoming,
  lastEventId: string,
  stream: Stream,
): Promise<void> {
  const received = receive({ ...incoming, body: NO_MESSAGE }, rooms.clock.monotonicMs());
  const trail: Trail = { received };
  let gone = false;
  stream.onGone(() => {
    gone = true;
  });
  try {
    const authenticated = authenticate(rooms, received);
    trail.authenticated = authenticated;
    if (received.fields.era === 'modern') throw methodNotAllowed();
    const attached = await attach(rooms, authenticated);
    trail.attached = attached;
    const decided = decide(rooms, await inspect(rooms, attached));
    trail.decided = decided;
    await relay(rooms, decided, { lastEventId, gone: () => gone }, stream);
  } catch (thrown) {
    await settle(rooms, trail, thrown, stream);
  }
}

async function relay(
  rooms: Rooms,
  call: Decided,
  client: { readonly lastEventId: string; gone(): boolean },
  stream: Stream,
): Promise<void> {
  const { attached, facts } = call.fields;
  const { session } = attached;
  const { decision: _decision, method: _method, ...about } = facts;
  await record(rooms, { ...about, kind: 'session.listen' }, false);
  const link = await session.link();
  if (client.gone()) return;
  const listening = session.listener.listen();
  stream.onGone(() => listening.close());
  stream.open();
  const news = link.transport === 'http' ? link.listen(client.lastEventId) : undefined;
  if (news !== undefined) pump(news, (message) => session.listener.say(message));
  const interims = new Interims(rooms, attached, about, (raw) => stream.interim(raw));
  try {
    for (;;) {
      const message = await listening.next();
      if (message === undefined) break;
      await interims.add(message);
      rooms.sessions.touch(session);
    }
    await interims.end();
  } finally {
    interims.drop();
  }
  stream.end();
}

/** What the server's own GET stream says joins the rest, until it or the channel ends. The client's goes on. */
function pump(
  news: { next(): Promise<{ kind: string; message?: Message }> },
  say: (message: Message) => void,
): void {
  void (async () => {
    for (;;) {
      const arrival = await news.next();
      if (arrival.kind !== 'interim' || arrival.message === undefined) return;
      say(arrival.message);
    }
  })();
}

/** Ends a session at its client's wish (MCP, Streamable HTTP, "Session Management"). */
export async function runDelete(rooms: Rooms, incoming: Incoming, answer: Answer): Promise<void> {
  const received = receive({ ...incoming, body: NO_MESSAGE }, rooms.clock.monotonicMs());
  const trail: Trail = { received };
  try {
    const authenticated = authenticate(rooms, received);
    trail.authenticated = authenticated;
    if (received.fields.era === 'modern') throw methodNotAllowed();
    const attached = await attach(rooms, authenticated);
    trail.attached = attached;
    attached.fields.session.end('client');
    answer.final({ status: 200 });
  } catch (thrown) {
    await settle(rooms, trail, thrown, answer);
  }
}

/** 2026-07-28 has neither GET nor DELETE. */
function methodNotAllowed(): Ending {
  return new Ending('refused_method', 'This revision uses POST only.', {
    status: 405,
    rpcCode: REFUSAL.general,
    headers: { Allow: 'POST' },
  });
}
