import type { Clock } from '@sallyport/shared/clock';
import type { Message } from '@sallyport/shared/jsonrpc';
import type { MaskResult } from '@sallyport/shared/masking';
import {
  GuardedStream,
  type MaskScope,
  maskWithin,
  Plans,
  type PlansOptions,
  type RuleSet,
} from '@sallyport/shared/masking-rules';
import { MaskingRefusal } from './refusal.ts';
import type { MaskAbout, MaskedMessage, Masking, MaskingStream, Released } from './types.ts';

export interface MaskingOptions extends PlansOptions {
  readonly clock: Clock;
}

const NO_RULES: RuleSet = { version: 0, servers: {}, rules: [] };

/** Opens the room with the default alone; `use` puts rules in force. */
export function createMasking(options: MaskingOptions): Masking {
  return new MaskingRoom(options);
}

class MaskingRoom implements Masking {
  readonly #options: MaskingOptions;
  #plans: Plans;

  constructor(options: MaskingOptions) {
    this.#options = options;
    this.#plans = new Plans(NO_RULES, options);
  }

  use(rules: RuleSet): void {
    this.#plans = new Plans(rules, this.#options);
  }

  rules(): RuleSet {
    return this.#plans.set;
  }

  toClient(message: Message, about: MaskAbout): MaskedMessage {
    return this.#mask(message, about, 'to-client');
  }

  toServer(message: Message, about: MaskAbout): MaskedMessage {
    return this.#mask(message, about, 'to-server');
  }

  toRecord(message: Message, about: MaskAbout): MaskedMessage {
    return this.#mask(message, about, 'record');
  }

  stream(about: MaskAbout): MaskingStream {
    const plan = this.#plans.plan(scopeOf(about, 'to-client'));
    const guarded = new GuardedStream<Message>(this.#options.clock, plan);
    return {
      push: (message) => guarded.push(message.raw, message).map(released),
      release: () => guarded.release().map(released),
      get held() {
        return guarded.held;
      },
    };
  }

  #mask(message: Message, about: MaskAbout, direction: MaskScope['direction']): MaskedMessage {
    const plan = this.#plans.plan(scopeOf(about, direction));
    const result = resultOf(maskWithin(this.#options.clock, message.raw, plan));
    if (result instanceof MaskingRefusal) throw result;
    return result;
  }
}

function scopeOf({ server, tool, principal }: MaskAbout, direction: MaskScope['direction']): MaskScope {
  return { server, groups: principal.groups, direction, ...(tool === undefined ? {} : { tool }) };
}

function released({ beside, result }: { beside: Message; result: MaskResult }): Released {
  return { message: beside, result: resultOf(result) };
}

function resultOf({ masked, findings, refused }: MaskResult): MaskedMessage | MaskingRefusal {
  if (refused !== undefined) return new MaskingRefusal(refused);
  const raw = Buffer.isBuffer(masked) ? masked : Buffer.from(masked.buffer, masked.byteOffset, masked.length);
  return { raw, findings };
}
