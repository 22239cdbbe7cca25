import { MESSAGE, type Spot } from './carriers.ts';
import { Edits } from './edits.ts';
import { type Inherited, NOTHING_KNOWN, plainSpot } from './inherited.ts';
import { GENERIC, type KeyInfo } from './keys.ts';
import type { Layer } from './layer.ts';
import { memberText } from './members.ts';
import type { MaskingPlan } from './plan.ts';
import { HAS_ESCAPE, type Reader } from './reader.ts';
import { IN_KEY, IN_VALUE, type Run } from './run.ts';
import { View } from './view.ts';

/** Reads the names of members: what they say of their values, and what is hidden in them. */
export class MemberName {
  readonly #layer: Layer;
  readonly #run: Run;
  readonly #reader: Reader;
  readonly #plan: MaskingPlan;
  readonly #view = new View();
  /** Left by the last name read: cuts in it, where it ends, its value's spot, its role in a result set. */
  readonly edits = new Edits();
  nameEnd = 0;
  spot: Spot = MESSAGE;
  role = 0;

  constructor(layer: Layer, reader: Reader) {
    this.#layer = layer;
    this.#run = layer.run;
    this.#reader = reader;
    this.#plan = layer.run.plan;
  }

  /**
   * Reads a member's name. Leaves its end, its value's spot and its role in fields, and cuts in the name itself in
   * `edits`. @returns what the name says of the value.
   */
  read(at: number, spot: Spot, known: Inherited): Inherited {
    const b = this.#reader.b;
    const key = this.#plan.keys.expect(b, at + 1) ?? this.#look(at);
    this.role = key.role;
    if (this.#plan.hasContext) this.#run.keyText = new TextDecoder().decode(key.text);
    if (!key.plain || this.#plan.hasCustom) this.#key(at, spot);
    else this.nameEnd = at + 2 + key.text.length;
    if (spot.members === null && known === NOTHING_KNOWN) {
      this.spot = spot.flows || spot.root ? plainSpot(spot) : spot;
      return key.known;
    }
    const bits = key.bits !== 0 ? key.bits : key.role === GENERIC ? known.bits : 0;
    if (spot.members === null && known.path === null) {
      this.spot = spot.flows || spot.root ? plainSpot(spot) : spot;
      const rule = known.rule >= 0 ? known.rule : key.rule;
      return bits === 0 && rule < 0 ? NOTHING_KNOWN : { bits, rule, path: null };
    }
    return this.#named(memberText.at(b, at, this.nameEnd), spot, known, bits, key.rule);
  }

  /** A key that was not guessed. */
  #look(at: number): KeyInfo {
    const end = this.#reader.stringEnd(at);
    this.nameEnd = end + 1;
    if ((this.#reader.flags & HAS_ESCAPE) === 0) return this.#plan.keys.look(this.#reader.b, at + 1, end);
    this.#view.read(this.#reader.b, at + 1, end, true, false);
    const key = this.#plan.keys.classify(this.#view.bytes, 0, this.#view.size);
    // Never plain: then its end is sought by reading it.
    return { ...key, plain: false };
  }

  /** A member whose name matters itself: in the protocol's own shape, or on a customer's path. */
  #named(name: string, spot: Spot, known: Inherited, bits: number, ownRule: number): Inherited {
    this.spot = spot.members?.get(name) ?? plainSpot(spot);
    const path = known.path === null ? null : this.#plan.paths.member(known.path, name);
    // Key rules are about data: a rule for "text" or "name" must not take the protocol's own members.
    let rule = known.rule >= 0 ? known.rule : spot.members === null ? ownRule : -1;
    if (rule < 0 && path !== null) rule = path.rule;
    return bits === 0 && rule < 0 && path === null ? NOTHING_KNOWN : { bits, rule, path };
  }

  #key(at: number, spot: Spot): void {
    const end = this.#reader.stringEnd(at);
    this.nameEnd = end + 1;
    if (spot.kind === 'skip') return;
    this.#run.place = spot.place;
    this.#run.form = IN_KEY;
    this.#layer.jsonString(this.#reader.b, at + 1, end, this.#reader.flags, 0, this.edits);
    this.#run.form = IN_VALUE;
    this.#run.drop = false;
  }
}
