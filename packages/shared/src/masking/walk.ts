import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  HAS_TRIGGER,
  IS_ESCAPE,
  isDigit,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  STOP,
  STRING_FLAG,
  utf8,
} from './bytes.ts';
import { BLOCK_TYPES, MESSAGE, paramsOf, type Spot } from './carriers.ts';
import { Edits, EMPTY } from './edits.ts';
import { Refused } from './errors.ts';
import { Join } from './join.ts';
import { COLUMN_NAMES, GENERIC, ROWS } from './keys.ts';
import { HAS_ESCAPE, type Layer } from './layer.ts';
import { DOCUMENT_MAX_DEPTH } from './limits.ts';
import { isMasked } from './masked-form.ts';
import { masksMedia } from './media.ts';
import { columnsOf, memberText, uniqueKey } from './members.ts';
import type { PathState } from './rules/paths.ts';
import { IN_KEY, IN_NUMBER, IN_VALUE, PLACES, type Run } from './run.ts';
import { escapeSize, numberEnd, scalarEnd, skipSpace } from './syntax.ts';
import type { Column } from './tables.ts';
import { View } from './view.ts';

/** What is known about a value from above: the meaning of its key, a rule that takes it whole, the paths. */
interface Inherited {
  readonly bits: number;
  /** Reporter of a rule that takes the whole value; -1. */
  readonly rule: number;
  readonly path: PathState | null;
}

const NOTHING_KNOWN: Inherited = { bits: 0, rule: -1, path: null };
const NULL_BYTES = utf8('null');

/** Spots without members, by place: where the table of carriers ends. */
const PLAIN: readonly Spot[] = PLACES.map((_, place) => ({
  place,
  kind: 'plain',
  fixed: false,
  flows: false,
  root: false,
  members: null,
}));

/**
 * Walks a document whose syntax was checked and hands every string, key and number to the scanner, with its place and
 * what its key says. Unchanged bytes are never written again: only cuts are recorded.
 */
export class Walker {
  readonly #layer: Layer;
  readonly #run: Run;
  readonly #keyView = new View();
  readonly #keyEdits = new Edits();
  readonly #numberEdits = new Edits();
  readonly join: Join;
  #b: Uint8Array = EMPTY;
  #to = 0;
  #edits = new Edits();
  #depth = 0;
  /** Left by the last string read: its flags. */
  #flags = 0;
  /** Left by the last member's name read: where it ends, its value's spot, its role in a result set. */
  #nameEnd = 0;
  #spot: Spot = MESSAGE;
  #role = 0;

  constructor(layer: Layer) {
    this.#layer = layer;
    this.#run = layer.run;
    this.join = new Join(layer.run);
  }

  /** Masks a whole JSON-RPC message. @throws Refused */
  message(b: Uint8Array, edits: Edits): void {
    this.#begin(b, b.length, edits);
    const first = skipSpace(b, 0, b.length);
    if (b[first] !== OPEN_BRACE && b[first] !== OPEN_BRACKET) throw malformed();
    const end = this.#value(first, MESSAGE, this.#root(NOTHING_KNOWN));
    if (skipSpace(b, end, b.length) < b.length) throw malformed();
    this.join.end();
  }

  /** Masks JSON that stands in a text of the message, where the run's place is that text's. */
  nested(b: Uint8Array, from: number, to: number, edits: Edits): void {
    const place = this.#run.place;
    const spot = PLAIN[place] ?? MESSAGE;
    this.#begin(b, to, edits);
    let at = skipSpace(b, from, to);
    while (at < to) at = skipSpace(b, this.#value(at, spot, this.#root(NOTHING_KNOWN)), to);
    this.join.end();
    this.#run.place = place;
    this.#run.drop = false;
  }

  #begin(b: Uint8Array, to: number, edits: Edits): void {
    this.#b = b;
    this.#to = to;
    this.#edits = edits;
    this.#depth = 0;
    this.join.begin(b, edits);
  }

  /** Paths begin anew at the root of every document. */
  #root(known: Inherited): Inherited {
    const plan = this.#run.plan;
    return plan.hasPaths ? { ...known, path: plan.paths.start() } : known;
  }

  /** @returns where the value at `at` ends. @throws Refused malformed, too_deep */
  #value(at: number, spot: Spot, known: Inherited): number {
    const byte = this.#b[at] ?? 0;
    if (byte === QUOTE) return this.#string(at, spot, known);
    if (byte === OPEN_BRACE) return this.#object(at, spot, spot.root ? this.#root(known) : known);
    if (byte === OPEN_BRACKET) return this.#array(at, spot, known, null);
    if (byte === 0x2d || isDigit(byte)) return this.#number(at, spot, known);
    this.join.interrupt();
    return this.#checked(scalarEnd(this.#b, at, this.#to));
  }

  #checked(end: number): number {
    if (end < 0) throw malformed();
    return end;
  }

  /** White space, then the byte that must come. @returns the offset after it and after more white space. */
  #expect(at: number, byte: number): number {
    const found = this.#space(at);
    if (this.#b[found] !== byte) throw malformed();
    return this.#space(found + 1);
  }

  #space(at: number): number {
    return (this.#b[at] ?? 0) > 0x20 ? at : skipSpace(this.#b, at, this.#to);
  }

  /** After a member or item: the comma and what follows it, or the closing bracket. */
  #next(at: number, close: number): number {
    const found = this.#space(at);
    const byte = this.#b[found] ?? 0;
    if (byte === COMMA) {
      const next = this.#space(found + 1);
      if (this.#b[next] === close || next >= this.#to) throw malformed();
      return next;
    }
    if (byte !== close || found >= this.#to) throw malformed();
    return found;
  }

  /** Reads to the closing quote and leaves in #flags what was seen on the way. */
  #stringEnd(at: number): number {
    const b = this.#b;
    let end = at + 1;
    let flags = 0;
    for (;;) {
      const flag = STRING_FLAG[b[end] ?? QUOTE] ?? 0;
      if (flag < STOP) {
        flags |= flag;
        end += 1;
        continue;
      }
      if (flag !== IS_ESCAPE) break;
      flags |= HAS_ESCAPE;
      const size = escapeSize(b, end, this.#to);
      if (size === 0) throw malformed();
      end += size;
    }
    if (b[end] !== QUOTE || end >= this.#to) throw malformed();
    this.#flags = flags;
    return end;
  }

  #string(at: number, spot: Spot, known: Inherited): number {
    const end = this.#stringEnd(at);
    const flags = this.#flags;
    if (spot.kind === 'skip' || end === at + 1) return end + 1;
    this.#run.place = spot.place;
    if (
      spot.flows &&
      this.#run.flows !== null &&
      known.rule < 0 &&
      !this.#layer.opensDocument(this.#b, at + 1, end)
    ) {
      this.#run.flows(at + 1, end);
      return end + 1;
    }
    if (known.rule >= 0) this.#whole(at + 1, end, flags, known.rule);
    else if (flags !== 0 || known.bits !== 0 || this.#run.plan.hasCustom) {
      this.#layer.jsonString(this.#b, at + 1, end, flags, known.bits, this.#edits);
    }
    if (spot.flows) this.join.flow(at + 1, end, flags, known.bits);
    else this.join.scalar(at, end + 1, known.bits, (flags & (HAS_TRIGGER | HAS_ESCAPE)) !== 0);
    return end + 1;
  }

  /** A string that a rule takes whole, by key, path or column. */
  #whole(from: number, to: number, flags: number, rule: number): void {
    const reporter = this.#run.plan.reporters[rule];
    if (reporter === undefined || isMasked(this.#b, from, to)) return;
    if ((flags & HAS_ESCAPE) === 0) {
      if (this.#run.hit(reporter, this.#b, from, to, this.#edits, from)) return;
    } else {
      this.#keyView.read(this.#b, from, to, true, false);
      const done = this.#run.hit(reporter, this.#keyView.bytes, 0, this.#keyView.size, this.#keyEdits);
      this.#edits.takeFrom(this.#keyEdits, this.#keyView, true);
      if (done) return;
    }
    this.#layer.jsonString(this.#b, from, to, flags, 0, this.#edits);
  }

  /** A number goes as a whole: what is left of a number with some digits cut would be another number. */
  #number(at: number, spot: Spot, known: Inherited): number {
    const b = this.#b;
    const end = this.#checked(numberEnd(b, at, this.#to));
    if (spot.kind === 'skip') return end;
    if (end - at >= 6 || known.bits !== 0 || known.rule >= 0 || this.#run.plan.hasCustom) {
      this.#run.place = spot.place;
      this.#run.form = IN_NUMBER;
      const found = this.#numberEdits;
      const reporter = this.#run.plan.reporters[known.rule];
      if (reporter !== undefined) this.#run.hit(reporter, b, at, end, found, at);
      else this.#layer.number(b, at, end, known.bits, found);
      this.#run.form = IN_VALUE;
      if (found.count > 0) {
        found.settle();
        this.#edits.add(at, end, numberForm(found.bytes[0] ?? EMPTY, this.#run.lastRule?.numbers === 'zero'));
        found.truncate(0);
      }
    }
    this.join.scalar(at, end, known.bits, true);
    return end;
  }

  #array(at: number, spot: Spot, known: Inherited, columns: readonly Column[] | null): number {
    const b = this.#b;
    this.#deeper();
    let i = this.#space(at + 1);
    let head = columns;
    this.join.arrayBegins();
    if (head === null && b[i] === OPEN_BRACKET) head = columnsOf(this.#run.plan, b, i, this.#to);
    for (let index = 0; b[i] !== CLOSE_BRACKET; index += 1) {
      const inherited = known.path === null ? known : this.#item(known, known.path, index);
      const begin = i;
      i =
        head !== null && b[i] === OPEN_BRACKET
          ? this.#row(i, spot, inherited, head)
          : this.#value(i, spot, inherited);
      if (this.#run.drop) {
        this.#run.drop = false;
        if (!spot.fixed) this.#edits.collapse(begin, i, NULL_BYTES);
      }
      i = this.#next(i, CLOSE_BRACKET);
    }
    this.join.arrayEnds();
    this.#depth -= 1;
    return i + 1;
  }

  #item(known: Inherited, state: PathState, index: number): Inherited {
    const path = this.#run.plan.paths.item(state, index);
    return { bits: known.bits, path, rule: path !== null && path.rule >= 0 ? path.rule : known.rule };
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > DOCUMENT_MAX_DEPTH)
      throw new Refused('too_deep', 'the message is nested too deeply to examine');
  }

  /** A row of a result set: each cell is what its column's name says. */
  #row(at: number, spot: Spot, known: Inherited, head: readonly Column[]): number {
    const b = this.#b;
    this.#deeper();
    let i = this.#space(at + 1);
    for (let index = 0; b[i] !== CLOSE_BRACKET; index += 1) {
      const column = head[index];
      const rule = known.rule >= 0 ? known.rule : (column?.rule ?? -1);
      i = this.#next(
        this.#value(i, spot, { bits: column?.bits ?? 0, rule, path: known.path }),
        CLOSE_BRACKET,
      );
    }
    this.#depth -= 1;
    return i + 1;
  }

  #object(at: number, spot: Spot, known: Inherited): number {
    const b = this.#b;
    this.#deeper();
    const type = spot.kind === 'block' ? this.#blockType(at) : '';
    let i = this.#space(at + 1);
    let kept = -1;
    let maskedKeys: Map<string, number> | null = null;
    let columns: readonly Column[] | null = null;
    while (b[i] !== CLOSE_BRACE) {
      const nameAt = i;
      if (b[i] !== QUOTE) throw malformed();
      const inherited = this.#member(nameAt, spot, known);
      const inner = this.#spot;
      const nameEnd = this.#nameEnd;
      if (this.#keyEdits.count > 0) {
        maskedKeys ??= memberText.all(b, at, this.#to);
        this.#edits.add(
          nameAt + 1,
          nameEnd - 1,
          uniqueKey(this.#keyEdits.apply(b, nameAt + 1, nameEnd - 1), maskedKeys),
        );
        this.#keyEdits.truncate(0);
      }
      const from = this.#expect(nameEnd, 0x3a);
      const role = this.#role;
      if (role === COLUMN_NAMES) columns = columnsOf(this.#run.plan, b, from, this.#to) ?? columns;
      if (inner.kind === 'media' || inner.kind === 'blob') i = this.#media(from, inner, type, inherited);
      else if (inner.kind === 'params')
        i = this.#value(from, paramsOf(memberText.find(b, at, this.#to, 'method')), inherited);
      else if (role === ROWS && this.#holdsRows(from)) {
        columns ??= memberText.columns(this.#run.plan, b, at, this.#to);
        i = this.#array(from, inner, inherited, columns);
      } else i = this.#value(from, inner, inherited);
      if (!this.#run.drop || !this.#dropMember(at, nameAt, i, kept, spot)) kept = i;
      i = this.#next(i, CLOSE_BRACE);
    }
    this.#depth -= 1;
    return i + 1;
  }

  /** Whether an array of arrays stands at `at`: rows that need columns' names from elsewhere. */
  #holdsRows(at: number): boolean {
    return this.#b[at] === OPEN_BRACKET && this.#b[this.#space(at + 1)] === OPEN_BRACKET;
  }

  /**
   * Reads a member's name. Leaves its end, its value's spot and its role in fields, and cuts in the name itself in
   * #keyEdits. @returns what the name says of the value.
   */
  #member(at: number, spot: Spot, known: Inherited): Inherited {
    const b = this.#b;
    const keys = this.#run.plan.keys;
    const end = this.#stringEnd(at);
    const flags = this.#flags;
    if ((flags & HAS_ESCAPE) === 0) keys.look(b, at + 1, end);
    else {
      this.#keyView.read(b, at + 1, end, true, false);
      keys.classify(this.#keyView.bytes, 0, this.#keyView.size);
    }
    const ownBits = keys.bits;
    const ownRule = keys.rule;
    this.#role = keys.role;
    this.#nameEnd = end + 1;
    if (!keys.plain || this.#run.plan.hasCustom) this.#key(at + 1, end, flags, spot);
    const bits = ownBits !== 0 ? ownBits : this.#role === GENERIC ? known.bits : 0;
    if (spot.members === null && known.path === null) {
      this.#spot = spot.flows || spot.root ? (PLAIN[spot.place] ?? spot) : spot;
      const rule = known.rule >= 0 ? known.rule : ownRule;
      return bits === 0 && rule < 0 ? NOTHING_KNOWN : { bits, rule, path: null };
    }
    return this.#named(memberText.at(b, at, end + 1), spot, known, bits, ownRule);
  }

  /** A member whose name matters itself: in the protocol's own shape, or on a customer's path. */
  #named(name: string, spot: Spot, known: Inherited, bits: number, ownRule: number): Inherited {
    this.#spot = spot.members?.get(name) ?? PLAIN[spot.place] ?? spot;
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
    this.#layer.jsonString(this.#b, from, to, flags, 0, this.#keyEdits);
    this.#run.form = IN_VALUE;
    this.#run.drop = false;
  }

  /** @throws Refused unknown_carrier */
  #blockType(at: number): string {
    const type = memberText.find(this.#b, at, this.#to, 'type');
    if (!BLOCK_TYPES.has(type) && type !== '' && this.#run.plan.unknownCarriers === 'refuse') {
      throw new Refused(
        'unknown_carrier',
        'the answer holds content of a type that the masking rules do not know',
      );
    }
    return type;
  }

  /** The base64 of an image, a sound or a blob. */
  #media(at: number, spot: Spot, type: string, known: Inherited): number {
    const b = this.#b;
    if (b[at] !== QUOTE) return this.#value(at, spot, known);
    const end = this.#stringEnd(at) + 1;
    this.#run.place = type === 'audio' ? PLACES.indexOf('audio') : spot.place;
    const declared = spot.kind === 'blob' ? 'blob' : type === 'audio' ? 'audio' : 'image';
    const verdict = masksMedia(this.#layer, memberText.at(b, at, end), declared);
    if (verdict.kind === 'replace') this.#edits.add(at + 1, end - 1, verdict.bytes);
    else if (verdict.kind === 'drop') this.#edits.collapse(at + 1, end - 1, EMPTY);
    else if (verdict.kind === 'scan') return this.#string(at, spot, known);
    this.join.interrupt();
    return end;
  }

  /**
   * Takes a member out, with the comma after it, or for the last one the comma before.
   * @returns false where the member belongs to the protocol's shape and stays, redacted.
   */
  #dropMember(objectAt: number, nameAt: number, end: number, kept: number, spot: Spot): boolean {
    this.#run.drop = false;
    if (spot.fixed) return false;
    const b = this.#b;
    const next = skipSpace(b, end, this.#to);
    if (b[next] === COMMA) this.#edits.collapse(nameAt, skipSpace(b, next + 1, this.#to), EMPTY);
    else this.#edits.collapse(kept >= 0 ? kept : skipSpace(b, objectAt + 1, this.#to), end, EMPTY);
    return true;
  }
}

function malformed(): Refused {
  return new Refused('malformed', 'the message is not a JSON-RPC message');
}

function numberForm(bytes: Uint8Array, zero: boolean): Uint8Array {
  if (zero) return utf8('0');
  const out = new Uint8Array(bytes.length + 2);
  out[0] = QUOTE;
  out.set(bytes, 1);
  out[out.length - 1] = QUOTE;
  return out;
}
