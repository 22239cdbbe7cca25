import type { Logger } from '../telemetry/index.ts';
import type { Servers } from './open.ts';
import type { Era, ExchangeEnd, ServerConnection, ServerEvents } from './types.ts';

type Definition = Parameters<Servers['open']>[0]['definition'];

/** One question to a server of its own, and what came of it. */
export interface Question {
  readonly definition: Definition;
  readonly era: Era;
  /** The request's id is `id`; the answer is recognised by it. */
  readonly message: object;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Either the answer, parsed, or why none came, in words. */
export type Reply = { readonly answer: Record<string, unknown> } | { readonly failure: string };

/**
 * Opens a disposable connection, asks one question and ends it. Never throws, and takes little more than
 * `timeoutMs`: it doesn't wait for the server's own end, which `onEnding` is given.
 */
export async function converse(
  servers: Servers,
  question: Question,
  log: Logger,
  onEnding: (ended: Promise<void>) => void = () => {},
): Promise<Reply> {
  const done = Promise.withResolvers<Reply>();
  const timer = setTimeout(() => {
    const seconds = Math.round(question.timeoutMs / 1000);
    done.resolve({ failure: `it did not answer within ${seconds} s` });
  }, question.timeoutMs);
  const events: ServerEvents = {
    message: (_exchange, payload) => {
      const answer = readAnswer(payload, question.id);
      if (answer !== undefined) done.resolve({ answer });
    },
    exchangeEnded: (end) => {
      if (end.error !== '') done.resolve(readEnd(end, question.id));
    },
    drained: () => {},
    ended: (reason, detail) => done.resolve({ failure: `it ended before it answered (${detail || reason})` }),
  };
  let connection: ServerConnection | undefined;
  const opening = servers.open({ ...question, events, log }).then(
    (opened) => {
      connection = opened;
      const payload = Buffer.from(JSON.stringify(question.message));
      opened.send({ exchange: 1, payload, expectsAnswer: true, headers: question.headers });
    },
    (thrown: unknown) => done.resolve({ failure: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
  const reply = await done.promise;
  clearTimeout(timer);
  onEnding(opening.then(() => connection?.end(false)));
  return reply;
}

function readAnswer(payload: Buffer, id: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // An object from JSON.parse has string keys.
    const message = value as Record<string, unknown>;
    return message.id === id && message.method === undefined ? message : undefined;
  } catch {
    return undefined;
  }
}

function readEnd(end: ExchangeEnd, id: string): Reply {
  const answer = end.errorBody === undefined ? undefined : readAnswer(end.errorBody, id);
  return answer === undefined ? { failure: end.detail || end.error } : { answer };
}
