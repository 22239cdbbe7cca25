import { type Message, MessageError, readMessage } from '@sallyport/shared/jsonrpc';
import type { Logger } from '../telemetry/index.ts';
import type { Servers } from './open.ts';
import type { Era, ServerConnection, ServerEvents } from './types.ts';

/** A disposable connection on which more than one question is asked, one after the other. */
export interface Dialogue {
  /**
   * Asks and waits for the answer, whose bytes are the server's own.
   *
   * @throws Error why none came, in words
   */
  ask(message: object, id: string, headers: Readonly<Record<string, string>>): Promise<Message>;
  /** Says something that has no answer. */
  tell(message: object, headers: Readonly<Record<string, string>>): void;
  /** Ends the connection. Doesn't wait for the server's own end. */
  end(): void;
}

export interface DialogueRequest {
  readonly definition: Parameters<Servers['open']>[0]['definition'];
  readonly era: Era;
  /** For all of it, from the server's start to the last answer. */
  readonly timeoutMs: number;
  readonly log: Logger;
}

/** @throws ServerError or Error, in words, where the server can't be started or reached */
export async function openDialogue(servers: Servers, request: DialogueRequest): Promise<Dialogue> {
  const over = Promise.withResolvers<never>();
  // Looked at where a question waits; without one nobody needs to know.
  over.promise.catch(() => undefined);
  const timer = setTimeout(
    () => over.reject(new Error(`it did not answer within ${Math.round(request.timeoutMs / 1000)} s`)),
    request.timeoutMs,
  );
  let waiting: { id: string; answer: (message: Message) => void } | undefined;
  const take = (payload: Buffer): void => {
    if (waiting === undefined) return;
    const message = answerOf(payload, waiting.id);
    if (message !== undefined) waiting.answer(message);
  };
  const events: ServerEvents = {
    message: (_exchange, payload) => take(payload),
    exchangeEnded: (end) => {
      if (end.error === '') return;
      if (end.errorBody !== undefined) take(end.errorBody);
      over.reject(new Error(end.detail || end.error));
    },
    drained: () => {},
    ended: (reason, detail) => over.reject(new Error(`it ended before it answered (${detail || reason})`)),
  };
  let connection: ServerConnection;
  try {
    connection = await servers.open({ ...request, events });
  } catch (thrown) {
    clearTimeout(timer);
    throw thrown;
  }
  let exchange = 0;
  const send = (message: object, headers: Readonly<Record<string, string>>, expectsAnswer: boolean): void => {
    exchange += 1;
    connection.send({ exchange, payload: Buffer.from(JSON.stringify(message)), expectsAnswer, headers });
  };
  return {
    async ask(message, id, headers) {
      const { promise, resolve } = Promise.withResolvers<Message>();
      waiting = { id, answer: resolve };
      send(message, headers, true);
      return await Promise.race([promise, over.promise]);
    },
    tell: (message, headers) => send(message, headers, false),
    end() {
      clearTimeout(timer);
      void connection.end(false);
    },
  };
}

function answerOf(payload: Buffer, id: string): Message | undefined {
  try {
    const message = readMessage(payload);
    return message.kind === 'response' && message.idKey === `s:${id}` ? message : undefined;
  } catch (thrown) {
    if (thrown instanceof MessageError) return undefined;
    throw thrown;
  }
}
