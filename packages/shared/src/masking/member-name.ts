import { MESSAGE, type Spot } from './carriers.ts';
import { Edits } from './edits.ts';
import { type Inherited, NOTHING_KNOWN, plainSpot } from './inherited.ts';
import { GENERIC } from './keys.ts';
import type { Layer } from './layer.ts';
import { memberText } from './members.ts';
import { HAS_ESCAPE, type Reader } from './reader.ts';
import { IN_KEY, IN_VALUE, type Run } from './run.ts';
import { View } from './view.ts';

/** Reads the names of members: what they say of their values, and what is hidden in them. */
export class MemberName {
  readonly #layer: Layer;
  readonly #run: Run;
  readonly #reader: Reader;
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
  }

  /**
   * Reads a member's name. Leaves its end, its value's spot and its role in fields, and cuts in the name itself in
   * `edits`. @returns what the name says of the value.
   */
  read(at: number, spot: Spot, known: Inherited): Inherited {
    const b = this.#reader.b;
    const keys = this.#run.plan.keys;
    let end = keys.expect(b, at + 1);
    let flags = 0;
    if (end < 0) {
      end = this.#reader.stringEnd(at);
      flags = this.#reader.flags;
      if ((flags & HAS_ESCAPE) === 0) keys.look(b, at + 1, end);
      else {
        this.#view.read(b, at + 1, end, true, false);
        keys.classify(this.#view.bytes, 0, this.#view.size);
      }
    } else if (!keys.plain) {
      this.#reader.stringEnd(at);
      flags = this.#reader.flags;
    }
    const ownBits = keys.bits;
    const ownRule = keys.rule;
    this.role = keys.role;
    this.nameEnd = end + 1;
    if (!keys.plain || this.#run.plan.hasCustom) this.#key(at + 1, end, flags, spot);
    const bits = ownBits !== 0 ? ownBits : this.role === GENERIC ? known.bits : 0;
    if (spot.members === null && known.path === null) {
      this.spot = spot.flows || spot.root ? plainSpot(spot) : spot;
      const rule = known.rule >= 0 ? known.rule : ownRule;
      return bits === 0 && rule < 0 ? NOTHING_KNOWN : { bits, rule, path: null };
    }
    return this.#named(memberText.at(b, at, end + 1), spot, known, bits, ownRule);
  }

  /** A member whose name matters itself: in the protocol's own shape, or on a customer's path. */
  #named(name: string, spot: Spot, known: Inherited, bits: number, ownRule: number): Inherited {
    this.spot = spot.members?.get(name) ?? plainSpot(spot);
    const path = known.path === null ? null : this.#run.plan.paths.member(known.path, name);
    // Key rules are about data: a rule for "text" or "name" must not take the protocol's own members.
    let rule = known.rule >= 0 ? known.rule : spot.members === null ? ownRule : -1;
    if (rule < 0 && path !== null) rule = path.rule;
    return bits === 0 && rule < 0 && path === null ? NOTHING_KNOWN : { bits, rule, path };
  }

  #key(from: number, to: number, flags: number, spot: Spot): void {
    if (spot.kind === 'skip') return;
    this.#run.place = spot.place;
    this.#run.form = IN_KEY;
    this.#layer.jsonString(this.#reader.b, from, to, flags, 0, this.edits);
    this.#run.form = IN_VALUE;
    this.#run.drop = false;
  }
}
