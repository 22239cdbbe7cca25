import type { Clock } from '@sallyport/shared/clock';
import { errorAnswer, type Message } from '@sallyport/shared/jsonrpc';
import type { Analysed, Finding, MaskResult } from '@sallyport/shared/masking';
import { GuardedStream, HOLD_MAX_MS, type MaskScope, maskWithin } from '@sallyport/shared/masking-rules';
import type { Logger } from '../telemetry/index.ts';
import { type Analyse, analyseMessage } from './analysis.ts';
import { type Outward, outward, read } from './restore.ts';
import type { Rules } from './rules.ts';
import { type GivenScope, Scopes } from './scopes.ts';
import type { Vault } from './vault.ts';

/** What may leave for the gateway in the place of one message of the server (tunnel.proto, FromServer). */
export interface Released {
  readonly exchange: number;
  readonly payload: Buffer;
  readonly findings: readonly Finding[];
  readonly rulesVersion: number;
  /** Why the server's own message stays here; empty where it may leave. */
  readonly withheld: string;
}

export interface SessionMaskingParts {
  readonly server: string;
  readonly rules: Rules;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly analyse: Analyse;
  /** Takes what was held for a moment. */
  readonly release: (released: readonly Released[]) => void;
  /** Answers a request of the server that does not leave, so that it does not wait. */
  readonly answerServer: (payload: Buffer) => void;
}

interface Beside {
  /** As the transport told it: 0 over stdio. */
  readonly exchange: number;
  readonly message: Message;
}

/** JSON-RPC code of what is withheld, as the gateway's own. */
const WITHHELD = -32008;

/**
 * Masks what one session's server says before it leaves the network, and turns tokens back on the way in. What can't
 * be masked does not leave: an answer becomes an error answer, anything else nothing.
 */
export class SessionMasking {
  readonly #parts: SessionMaskingParts;
  readonly #scopes: Scopes;
  readonly #streams = new Map<number, { readonly stream: GuardedStream<Beside>; readonly version: number }>();
  /** Tokens turned back in a request, until its answer reports them. */
  readonly #restored = new Map<number, readonly Finding[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SessionMaskingParts) {
    this.#parts = parts;
    this.#scopes = new Scopes(() => parts.rules.documentOf(parts.server));
  }

  /** A message on its way to the server: its tokens turned back, or why it may not be sent. */
  toServer(sent: {
    exchange: number;
    payload: Buffer;
    headers: Readonly<Record<string, string>>;
    scope: GivenScope | undefined;
  }): Outward {
    const { exchange, payload, headers, scope } = sent;
    const set = this.#parts.rules.set;
    const message = read(payload);
    if (set === undefined || message === undefined) {
      this.#scopes.sent(exchange, scope, message);
      return { payload, restored: [] };
    }
    const out = outward({ payload, message, headers, scope }, set, this.#parts.vault);
    if ('error' in out) return out;
    this.#scopes.sent(exchange, scope, message);
    if (out.restored.length > 0) this.#restored.set(exchange, out.restored);
    return out;
  }

  /**
   * What analysers find in a message of the server, or in an HTTP error's body, to be given with it to `fromServer` or
   * `errorBody`. Undefined where no rule asks one, which is known at once.
   */
  analysis(exchange: number, payload: Buffer): Promise<Analysed | undefined> | undefined {
    const { rules, analyse, log } = this.#parts;
    if (!rules.analyse) return undefined;
    const message = read(payload);
    if (message === undefined) return undefined;
    try {
      const plan = rules.plans?.plan(this.#scopes.of(exchange, message).scope);
      if (plan === undefined || plan === 'pass' || plan.analysers.size === 0) return undefined;
      return analyseMessage(payload, plan, analyse, log);
    } catch {
      // Rules that can't be used: masking says so.
      return undefined;
    }
  }

  /** A message of the server: what may leave now, in order. */
  fromServer(exchange: number, payload: Buffer, analysed?: Analysed): Released[] {
    const message = read(payload);
    if (message === undefined) return [this.#withheld({ exchange, message: undefined }, 'malformed', '')];
    const belongs = this.#scopes.of(exchange, message);
    const released: Released[] = [];
    // What belongs to no request keeps its place before an answer that follows it.
    if (message.kind !== 'notification') released.push(...this.#releaseStream(0));
    const key = belongs.exchange;
    if (message.kind === 'notification' || (this.#streams.get(key)?.stream.held ?? 0) > 0) {
      released.push(...this.#push(key, belongs.scope, { exchange, message }, analysed));
      if (message.kind !== 'notification') released.push(...this.#releaseStream(key));
    } else {
      released.push(this.#finish({ exchange, message }, this.#mask(payload, belongs.scope, analysed)));
    }
    if (message.kind === 'response') this.#ended(key);
    return released;
  }

  /** The body of an HTTP error answer. */
  errorBody(exchange: number, body: Buffer, analysed?: Analysed): Released {
    const message = read(body);
    if (message === undefined) return this.#withheld({ exchange, message: undefined }, 'malformed', '');
    return this.#finish({ exchange, message }, this.#mask(body, this.#scopes.ofExchange(exchange), analysed));
  }

  /** Nothing more comes for an exchange: what is held of it leaves. */
  exchangeEnded(exchange: number): Released[] {
    const released = this.#releaseStream(exchange);
    this.#ended(exchange);
    return released;
  }

  /** Releases all that is held: the session or its channel ends. */
  releaseAll(): Released[] {
    clearTimeout(this.#timer);
    return [...this.#streams.keys()].flatMap((key) => this.#releaseStream(key));
  }

  /** What was held is dropped, and what was under way forgotten. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#streams.clear();
    this.#restored.clear();
    this.#scopes.forgetAll();
  }

  #ended(exchange: number): void {
    this.#scopes.ended(exchange);
    this.#restored.delete(exchange);
    if (exchange !== 0) this.#streams.delete(exchange);
  }

  #mask(payload: Buffer, scope: MaskScope, analysed: Analysed | undefined): MaskResult {
    const { rules, clock } = this.#parts;
    if (rules.plans === undefined) return NO_RULES;
    try {
      return maskWithin(clock, payload, rules.plans.plan(scope), analysed);
    } catch {
      return UNUSABLE_RULES;
    }
  }

  #push(key: number, scope: MaskScope, beside: Beside, analysed: Analysed | undefined): Released[] {
    const { rules, clock } = this.#parts;
    const released: Released[] = [];
    let open = this.#streams.get(key);
    if (open === undefined || open.version !== rules.version) {
      released.push(...this.#releaseStream(key));
      if (rules.plans === undefined) return [...released, this.#finish(beside, NO_RULES)];
      try {
        open = { stream: new GuardedStream(clock, rules.plans.plan(scope)), version: rules.version };
      } catch {
        return [...released, this.#finish(beside, UNUSABLE_RULES)];
      }
      this.#streams.set(key, open);
    }
    const results = open.stream.push(beside.message.raw, beside, analysed);
    if (open.stream.held > 0) this.#holdBriefly();
    return [...released, ...results.map((each) => this.#finish(each.beside, each.result))];
  }

  #releaseStream(key: number): Released[] {
    const open = this.#streams.get(key);
    if (open === undefined) return [];
    return open.stream.release().map(({ beside, result }) => this.#finish(beside, result));
  }

  /** Makes one message ready to leave. New tokens are durable before the message that shows them is. */
  #finish(beside: Beside, result: MaskResult): Released {
    if (result.refused !== undefined) {
      const { reason, message, rule } = result.refused;
      return this.#withheld(beside, reason, message, rule);
    }
    if (result.findings.length > 0) {
      try {
        this.#parts.vault.flush();
      } catch {
        return this.#withheld(beside, 'token_unknown', 'the agent can not keep the tokens it would show');
      }
    }
    const { masked, findings } = result;
    const isAnswer = beside.message.kind === 'response';
    const restored = isAnswer
      ? (this.#restored.get(this.#scopes.of(beside.exchange, beside.message).exchange) ?? [])
      : [];
    return {
      exchange: beside.exchange,
      payload: Buffer.isBuffer(masked)
        ? masked
        : Buffer.from(masked.buffer, masked.byteOffset, masked.length),
      findings: [...restored, ...findings],
      rulesVersion: this.#parts.rules.version,
      withheld: '',
    };
  }

  #withheld(
    { exchange, message }: { exchange: number; message: Message | undefined },
    reason: string,
    words: string,
    rule?: string,
  ): Released {
    const text = `The agent withholds this: ${words === '' ? 'it is no JSON-RPC message' : words}.`;
    const data = { reason: 'withheld', masking: reason, ...(rule === undefined ? {} : { rule }) };
    let payload: Buffer = Buffer.alloc(0);
    if (message?.kind === 'response') payload = errorAnswer(message.idLexeme, WITHHELD, text, data);
    if (message?.kind === 'request')
      this.#parts.answerServer(errorAnswer(message.idLexeme, WITHHELD, 'Withheld by the agent.', {}));
    return { exchange, payload, findings: [], rulesVersion: this.#parts.rules.version, withheld: reason };
  }

  #holdBriefly(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#parts.release(this.releaseAll()), HOLD_MAX_MS);
  }
}

const NO_RULES: MaskResult = refusedFor('this agent has no masking rules');
const UNUSABLE_RULES: MaskResult = refusedFor('the masking rules can not be used');

function refusedFor(message: string): MaskResult {
  return { masked: new Uint8Array(0), findings: [], refused: { reason: 'detector_failed', message } };
}
