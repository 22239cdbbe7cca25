import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  isDigit,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  utf8,
} from './bytes.ts';
import { BLOCK_TYPES, MESSAGE, paramsOf, type Spot } from './carriers.ts';
import { Edits, EMPTY } from './edits.ts';
import { Refused } from './errors.ts';
import { type Inherited, NOTHING_KNOWN, spotOfPlace } from './inherited.ts';
import { COLUMN_NAMES, ROWS } from './keys.ts';
import type { Layer } from './layer.ts';
import { MemberName } from './member-name.ts';
import { columnsOf, memberText, uniqueKey } from './members.ts';
import { malformed, Reader } from './reader.ts';
import type { PathState } from './rules/paths.ts';
import type { Run } from './run.ts';
import { Scalars } from './scalars.ts';
import { scalarEnd, skipSpace } from './syntax.ts';
import type { Column } from './tables.ts';

const NULL_BYTES = utf8('null');

/**
 * Walks a document whose syntax was checked and hands every string, key and number to the scanner, with its place and
 * what its key says. Unchanged bytes are never written again: only cuts are recorded.
 */
export class Walker {
  readonly #run: Run;
  readonly #reader = new Reader();
  readonly #scalars: Scalars;
  readonly #name: MemberName;
  #b: Uint8Array = EMPTY;
  #to = 0;
  #edits = new Edits();

  constructor(layer: Layer) {
    this.#run = layer.run;
    this.#scalars = new Scalars(layer, this.#reader);
    this.#name = new MemberName(layer, this.#reader);
  }

  /** Masks a whole JSON-RPC message. @throws Refused */
  message(b: Uint8Array, edits: Edits): void {
    this.#begin(b, b.length, edits);
    const first = skipSpace(b, 0, b.length);
    if (b[first] !== OPEN_BRACE && b[first] !== OPEN_BRACKET) throw malformed();
    const end = this.#value(first, MESSAGE, this.#root(NOTHING_KNOWN));
    if (skipSpace(b, end, b.length) < b.length) throw malformed();
    this.#scalars.pieces.interrupt();
  }

  /** Masks JSON that stands in a text of the message, where the run's place is that text's. */
  nested(b: Uint8Array, from: number, to: number, edits: Edits): void {
    const place = this.#run.place;
    const spot = spotOfPlace(place, MESSAGE);
    this.#begin(b, to, edits);
    let at = skipSpace(b, from, to);
    while (at < to) at = skipSpace(b, this.#value(at, spot, this.#root(NOTHING_KNOWN)), to);
    this.#scalars.pieces.interrupt();
    this.#run.place = place;
    this.#run.drop = false;
  }

  #begin(b: Uint8Array, to: number, edits: Edits): void {
    this.#b = b;
    this.#to = to;
    this.#edits = edits;
    this.#reader.begin(b, to);
    this.#scalars.begin(b, edits);
    this.#name.edits.truncate(0);
  }

  /** Paths begin anew at the root of every document. */
  #root(known: Inherited): Inherited {
    const plan = this.#run.plan;
    return plan.hasPaths ? { ...known, path: plan.paths.start() } : known;
  }

  /** @returns where the value at `at` ends. @throws Refused malformed, too_deep */
  #value(at: number, spot: Spot, known: Inherited): number {
    const byte = this.#b[at] ?? 0;
    if (byte === QUOTE) return this.#scalars.string(at, spot, known);
    if (byte === OPEN_BRACE) return this.#object(at, spot, spot.root ? this.#root(known) : known);
    if (byte === OPEN_BRACKET) return this.#array(at, spot, known, null);
    if (byte === 0x2d || isDigit(byte)) return this.#scalars.number(at, spot, known);
    this.#scalars.pieces.interrupt();
    return this.#reader.checked(scalarEnd(this.#b, at, this.#to));
  }

  #array(at: number, spot: Spot, known: Inherited, columns: readonly Column[] | null): number {
    const b = this.#b;
    this.#reader.deeper();
    let i = this.#reader.space(at + 1);
    let head = columns;
    this.#scalars.pieces.arrayBegins();
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
      i = this.#reader.next(i, CLOSE_BRACKET);
    }
    this.#scalars.pieces.arrayEnds();
    this.#reader.higher();
    return i + 1;
  }

  #item(known: Inherited, state: PathState, index: number): Inherited {
    const path = this.#run.plan.paths.item(state, index);
    return { bits: known.bits, path, rule: path !== null && path.rule >= 0 ? path.rule : known.rule };
  }

  /** A row of a result set: each cell is what its column's name says. */
  #row(at: number, spot: Spot, known: Inherited, head: readonly Column[]): number {
    const b = this.#b;
    this.#reader.deeper();
    let i = this.#reader.space(at + 1);
    for (let index = 0; b[i] !== CLOSE_BRACKET; index += 1) {
      const column = head[index];
      const rule = known.rule >= 0 ? known.rule : (column?.rule ?? -1);
      i = this.#reader.next(
        this.#value(i, spot, { bits: column?.bits ?? 0, rule, path: known.path }),
        CLOSE_BRACKET,
      );
    }
    this.#reader.higher();
    return i + 1;
  }

  #object(at: number, spot: Spot, known: Inherited): number {
    const b = this.#b;
    this.#reader.deeper();
    const type = spot.kind === 'block' ? this.#blockType(at) : '';
    let i = this.#reader.space(at + 1);
    let kept = -1;
    let maskedKeys: Map<string, number> | null = null;
    let columns: readonly Column[] | null = null;
    while (b[i] !== CLOSE_BRACE) {
      const nameAt = i;
      if (b[i] !== QUOTE) throw malformed();
      const inherited = this.#name.read(nameAt, spot, known);
      const inner = this.#name.spot;
      const nameEnd = this.#name.nameEnd;
      if (this.#name.edits.count > 0) {
        maskedKeys ??= memberText.all(b, at, this.#to);
        this.#edits.add(
          nameAt + 1,
          nameEnd - 1,
          uniqueKey(this.#name.edits.apply(b, nameAt + 1, nameEnd - 1), maskedKeys),
        );
        this.#name.edits.truncate(0);
      }
      // The compact form first: no white space anywhere.
      const compact = b[nameEnd] === 0x3a && (b[nameEnd + 1] ?? 0) > 0x20;
      const from = compact ? nameEnd + 1 : this.#reader.expect(nameEnd, 0x3a);
      const role = this.#name.role;
      if (role === 0 && inner.kind === 'plain') i = this.#value(from, inner, inherited);
      else if (inner.kind === 'media' || inner.kind === 'blob') i = this.#media(from, inner, type, inherited);
      else if (inner.kind === 'params')
        i = this.#value(from, paramsOf(memberText.find(b, at, this.#to, 'method')), inherited);
      else if (role === ROWS && this.#holdsRows(from)) {
        columns ??= memberText.columns(this.#run.plan, b, at, this.#to);
        i = this.#array(from, inner, inherited, columns);
      } else {
        if (role === COLUMN_NAMES) columns = columnsOf(this.#run.plan, b, from, this.#to) ?? columns;
        i = this.#value(from, inner, inherited);
      }
      if (!this.#run.drop || !this.#dropMember(at, nameAt, i, kept, spot)) kept = i;
      i = b[i] === COMMA && b[i + 1] === QUOTE ? i + 1 : this.#reader.next(i, CLOSE_BRACE);
    }
    this.#reader.higher();
    return i + 1;
  }

  /** Whether an array of arrays stands at `at`: rows that need columns' names from elsewhere. */
  #holdsRows(at: number): boolean {
    return this.#b[at] === OPEN_BRACKET && this.#b[this.#reader.space(at + 1)] === OPEN_BRACKET;
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

  #media(at: number, spot: Spot, type: string, known: Inherited): number {
    return this.#b[at] === QUOTE ? this.#scalars.media(at, spot, type, known) : this.#value(at, spot, known);
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
