import { HOLD_MAX_MS } from '@sallyport/shared/masking-rules';
import type { EntryDraft } from '../audit/index.ts';
import type { MaskingStream, Released } from '../masking/index.ts';
import type { Arrived } from '../session/index.ts';
import { aboutOf } from './about.ts';
import { bothEnds, type Ready, requireMasked } from './at-agent.ts';
import { type Cleaned, cleaned } from './hygiene.ts';
import { InOrder } from './in-order.ts';
import { recordInterim, refuseInterim } from './interim.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';
import { masked, unwrapped } from './stages/mask.ts';

/**
 * What a server says before the answer of one call, or on one listener's stream: decided, masked, recorded and
 * released, in order. The messages are masked as one running text, so one may be held for a moment for what follows.
 */
export class Interims {
  /** The masking rules that the agent must go by, from before the call is sent. */
  readonly rulesVersion: number;
  readonly #rooms: Rooms;
  readonly #call: AttachedFields;
  readonly #facts: Omit<EntryDraft, 'kind'>;
  readonly #releases: InOrder<Buffer>;
  #stream: MaskingStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = false;

  constructor(
    rooms: Rooms,
    call: AttachedFields,
    facts: Omit<EntryDraft, 'kind'>,
    release: (raw: Buffer) => Promise<void>,
  ) {
    this.#rooms = rooms;
    this.#call = call;
    this.#facts = facts;
    this.rulesVersion = rooms.agentRulesVersion(call.session.identity.agent);
    this.#releases = new InOrder(async (raw) => {
      if (!this.#dropped) await release(raw);
    });
  }

  /** Takes a message. Resolves when there is room for another. @throws Ending where an earlier one failed */
  async add(message: Arrived): Promise<void> {
    requireMasked(message, this.rulesVersion);
    if (await refuseInterim(this.#rooms, this.#call, this.#facts, message)) return;
    const tidy = cleaned(this.#rooms, this.#call, message);
    this.#stream ??= this.#rooms.masking.stream(aboutOf(this.#call));
    await this.#give(this.#stream.push(tidy));
    // The server waits for the answer to what it asks; nothing that follows could still change the question.
    if (message.kind === 'request') await this.#give(this.#stream.release());
    if (this.#stream.held > 0) this.#holdBriefly();
  }

  /** Masks the answer together with the end of what came before it, all of which is released by then. */
  async answer(message: Arrived): Promise<Ready> {
    clearTimeout(this.#timer);
    requireMasked(message, this.rulesVersion);
    if (this.#stream === undefined) {
      await this.#releases.end();
      return bothEnds(this.#rooms, this.#facts, message, masked(this.#rooms, message, aboutOf(this.#call)));
    }
    const released = [...this.#stream.push(message), ...this.#stream.release()];
    const last = released.pop();
    await this.#give(released);
    await this.#releases.end();
    if (last?.message !== message) throw new Error('an answer was not the last message of its stream');
    return bothEnds(this.#rooms, this.#facts, message, unwrapped(last.result));
  }

  /** Releases what is held: nothing more comes. @throws Ending */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#stream !== undefined) await this.#give(this.#stream.release());
    await this.#releases.end();
  }

  /** Nothing is released any more: the call has ended otherwise. */
  drop(): void {
    this.#dropped = true;
    clearTimeout(this.#timer);
  }

  /** All are added before anything is awaited, so that no others come between them. */
  async #give(released: readonly Released[]): Promise<void> {
    await Promise.all(
      released.map(({ message, result }) => this.#releases.add(this.#record(message, result))),
    );
  }

  async #record(message: Cleaned, result: Released['result']): Promise<Buffer> {
    // What a stream gives back is what it was given.
    const ready = await bothEnds(this.#rooms, this.#facts, message, unwrapped(result));
    await recordInterim(this.#rooms, this.#call, this.#facts, message, ready);
    return ready.raw;
  }

  #holdBriefly(): void {
    clearTimeout(this.#timer);
    // What fails here is thrown to whoever adds, answers or ends next.
    this.#timer = setTimeout(() => {
      this.#give(this.#stream?.release() ?? []).catch(() => undefined);
    }, HOLD_MAX_MS);
  }
}
