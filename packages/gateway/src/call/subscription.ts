import { findPath, type Message, readMessage, text } from '@sallyport/shared/jsonrpc';
import type { Arrived } from '../session/index.ts';

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const TOOLS_CHANGED = 'notifications/tools/list_changed';

/**
 * The gateway's part in a modern client's `subscriptions/listen`: what a session sees of its tools changes by pins, grants
 * and policies too, of which the server knows nothing. Where the client asked for news of tools it is told of these among
 * what the server says, under the subscription's own id, and behind the acknowledgement, which is the first message of
 * the stream (2026-07-28).
 */
export class Subscription {
  readonly #deliver: (message: Arrived) => void;
  readonly #idLexeme: string;
  readonly #wantsTools: boolean;
  #acknowledged = false;
  #waiting = false;

  /** @param deliver puts a message among those of the server */
  constructor(request: Message, deliver: (message: Arrived) => void) {
    this.#deliver = deliver;
    this.#idLexeme = request.idLexeme ?? 'null';
    const wanted = findPath(request.params, 'notifications', 'toolsListChanged');
    this.#wantsTools = wanted !== undefined && text(request.raw, wanted) === 'true';
  }

  /** The gateway's own news. */
  tell(news: Message): void {
    if (!this.#wantsTools || news.method !== TOOLS_CHANGED) return;
    if (this.#acknowledged) this.#deliver(this.#toolsChanged());
    else this.#waiting = true;
  }

  /** What the server says, as the client is to get it. */
  heard(message: Arrived): Arrived {
    if (message.method !== ACKNOWLEDGED || this.#acknowledged) return message;
    this.#acknowledged = true;
    if (this.#waiting) this.#deliver(this.#toolsChanged());
    return this.#wantsTools ? withTools(message) : message;
  }

  #toolsChanged(): Arrived {
    const params = `{"_meta":{"io.modelcontextprotocol/subscriptionId":${this.#idLexeme}}}`;
    return readMessage(Buffer.from(`{"jsonrpc":"2.0","method":"${TOOLS_CHANGED}","params":${params}}`));
  }
}

/** A server that sends no such news leaves them out of its acknowledgement; the gateway sends them all the same. */
function withTools(message: Arrived): Arrived {
  const notifications = findPath(message.params, 'notifications');
  if (notifications === undefined || message.raw[notifications.start] !== 0x7b) return message;
  const said = findPath(message.params, 'notifications', 'toolsListChanged');
  if (said !== undefined && text(message.raw, said) === 'true') return message;
  const { raw } = message;
  const open = notifications.start + 1;
  const isEmpty = text(raw, notifications).replace(/\s/g, '') === '{}';
  const parts =
    said === undefined
      ? [raw.subarray(0, open), `"toolsListChanged":true${isEmpty ? '' : ','}`, raw.subarray(open)]
      : [raw.subarray(0, said.start), 'true', raw.subarray(said.end)];
  const changed = readMessage(Buffer.concat(parts.map((part) => Buffer.from(part))));
  return { ...changed, ...(message.atAgent === undefined ? {} : { atAgent: message.atAgent }) };
}
