import { findPath, idKeyOf, type Message } from '@sallyport/shared/jsonrpc';
import { ANY_TOOL, type MaskScope } from '@sallyport/shared/masking-rules';
import { SCOPES_MAX } from '../limits.ts';

/** What the gateway says of a message's masking (tunnel.proto, MaskingScope). */
export interface GivenScope {
  readonly server: string;
  readonly tool: string;
  readonly groups: readonly string[];
  readonly rulesVersion: number;
}

/** Where a message from the server belongs: its exchange (0: none that can be told), and the rules' scope. */
export interface Belongs {
  readonly exchange: number;
  readonly scope: MaskScope;
}

interface Request {
  readonly exchange: number;
  readonly scope: MaskScope;
  readonly idKey: string | undefined;
  readonly progressKey: string | undefined;
}

/**
 * The requests of one session that are under way, so that what comes back is masked by the rules of the tool that was
 * called. HTTP tells the exchange of a message; over stdio it is found by id and progress token, like at the gateway.
 */
export class Scopes {
  readonly #server: () => string;
  readonly #byExchange = new Map<number, Request>();
  readonly #byId = new Map<string, Request>();
  readonly #byProgress = new Map<string, Request>();
  #groups: MaskScope['groups'] = 'any';
  #document: string | undefined;

  /** @param server name of the Server document, as far as the rules tell it, until a message says */
  constructor(server: () => string) {
    this.#server = server;
  }

  /** The scope of what can't be told apart: the rules of all tools hold. */
  get unknown(): MaskScope {
    return {
      server: this.#document ?? this.#server(),
      tool: ANY_TOOL,
      groups: this.#groups,
      direction: 'to-client',
    };
  }

  sent(exchange: number, given: GivenScope | undefined, message: Message | undefined): void {
    if (given !== undefined) {
      this.#document = given.server;
      this.#groups = given.groups;
    }
    if (message?.kind !== 'request') return;
    const scope: MaskScope =
      given === undefined
        ? this.unknown
        : {
            server: given.server,
            groups: given.groups,
            direction: 'to-client',
            ...(given.tool === '' ? {} : { tool: given.tool }),
          };
    const token = findPath(message.params, '_meta', 'progressToken');
    const progressKey = token === undefined ? undefined : idKeyOf(message.raw, token);
    const request = { exchange, scope, idKey: message.idKey, progressKey };
    this.#byExchange.set(exchange, request);
    if (request.idKey !== undefined) this.#byId.set(request.idKey, request);
    if (progressKey !== undefined) this.#byProgress.set(progressKey, request);
    if (this.#byExchange.size > SCOPES_MAX) this.#forgetOldest();
  }

  /** Where a message from the server belongs. An answer ends its exchange. */
  of(exchange: number, message: Message): Belongs {
    const found = this.#find(exchange, message);
    if (found === undefined) return { exchange, scope: this.unknown };
    return { exchange: found.exchange, scope: found.scope };
  }

  ofExchange(exchange: number): MaskScope {
    return this.#byExchange.get(exchange)?.scope ?? this.unknown;
  }

  ended(exchange: number): void {
    const request = this.#byExchange.get(exchange);
    if (request === undefined) return;
    this.#byExchange.delete(exchange);
    if (request.idKey !== undefined && this.#byId.get(request.idKey) === request)
      this.#byId.delete(request.idKey);
    if (request.progressKey !== undefined && this.#byProgress.get(request.progressKey) === request)
      this.#byProgress.delete(request.progressKey);
  }

  forgetAll(): void {
    this.#byExchange.clear();
    this.#byId.clear();
    this.#byProgress.clear();
  }

  #find(exchange: number, message: Message): Request | undefined {
    if (exchange !== 0) return this.#byExchange.get(exchange);
    if (message.kind === 'response') return this.#byId.get(message.idKey ?? '');
    const token = findPath(message.params, 'progressToken');
    if (token !== undefined) return this.#byProgress.get(idKeyOf(message.raw, token) ?? '');
    const subscription = findPath(message.params, '_meta', 'io.modelcontextprotocol/subscriptionId');
    return subscription === undefined ? undefined : this.#byId.get(idKeyOf(message.raw, subscription) ?? '');
  }

  #forgetOldest(): void {
    // A Map keeps the order of insertion: the first is the oldest.
    const [oldest] = this.#byExchange.keys();
    if (oldest !== undefined) this.ended(oldest);
  }
}
