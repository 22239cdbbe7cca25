import { find, findPath, type Message, MessageError, readMessage, stringAt } from '@sallyport/shared/jsonrpc';
import type { EntryDraft } from '../../audit/index.ts';
import { MODERN_VERSION } from '../versions.ts';

/** One message as HTTP brought it, before anything of it is believed. */
export interface Incoming {
  readonly serverName: string;
  readonly authorization: string | undefined;
  readonly sessionId: string | undefined;
  readonly versionHeader: string | undefined;
  readonly methodHeader: string | undefined;
  readonly nameHeader: string | undefined;
  /** `Mcp-Param-*`, lower-case names. */
  readonly paramHeaders: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly ip: string;
  readonly userAgent: string | undefined;
}

interface ReceivedFields {
  readonly incoming: Incoming;
  /** The message, or why it is none. Said only to who is authenticated: strangers learn nothing but 401. */
  readonly message: Message | MessageError;
  readonly era: 'legacy' | 'modern';
  /** The revision the body claims, or else the header. */
  readonly version: string | undefined;
  readonly startedMs: number;
  readonly facts: Omit<EntryDraft, 'kind'>;
}

class Received {
  readonly #fields: ReceivedFields;
  constructor(fields: ReceivedFields) {
    this.#fields = fields;
  }

  get fields(): ReceivedFields {
    return this.#fields;
  }
}

export type { Received };

/** Reads the message strictly and tells its era from the body first, then from the header (MCP.md). */
export function receive(incoming: Incoming, startedMs: number): Received {
  const message = tryRead(incoming.body);
  const claim = message instanceof MessageError ? undefined : versionClaim(message);
  const version = claim ?? incoming.versionHeader;
  const handshake =
    !(message instanceof MessageError) && message.method === 'initialize' && claim === undefined;
  const era = !handshake && version !== undefined && version >= MODERN_VERSION ? 'modern' : 'legacy';
  const facts: Omit<EntryDraft, 'kind'> = {
    ...(message instanceof MessageError || message.method === undefined
      ? {}
      : { method: named(message.method) }),
    source: {
      ip: incoming.ip,
      ...(incoming.userAgent === undefined ? {} : { client: named(incoming.userAgent) }),
    },
  };
  return new Received({ incoming, message, era, version, startedMs, facts });
}

/** Text of a stranger that goes into an entry: bounded, and without what canonical JSON refuses. */
export function named(text: string): string {
  return text.slice(0, 200).toWellFormed();
}

function tryRead(body: Buffer): Message | MessageError {
  try {
    return readMessage(body);
  } catch (thrown) {
    if (thrown instanceof MessageError) return thrown;
    throw thrown;
  }
}

/** `_meta["io.modelcontextprotocol/protocolVersion"]` of a request or notification. */
function versionClaim(message: Message): string | undefined {
  const meta = findPath(message.params, '_meta');
  return stringAt(message.raw, find(meta?.members, 'io.modelcontextprotocol/protocolVersion'));
}
