import { createHash } from 'node:crypto';
import { find, type Span, scanJson, stringAt } from '@sallyport/shared/jsonrpc';
import { DEFINITION_MAX_BYTES, DIGESTS_REMEMBERED_MAX } from './limits.ts';

/** A tool's whole definition as a server gave it. */
export interface Definition {
  readonly name: string;
  /** RFC 8785 form of all of it; numbers that a double would round stand as they came. */
  readonly canonical: string;
  /** SHA-256 of the canonical form, hexadecimal. */
  readonly digest: string;
}

/** Names that mean one thing only; a tool of any other name is neither shown nor called (the call room's rule too). */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;
/** Numbers whose text is longer are not reckoned with: they stay as they came. */
const LEXEME_MAX = 60;

/**
 * The canonical form of a JSON text that has been scanned: two texts have the same one only where they mean the same.
 * Members are in the order of their names' UTF-16 units (RFC 8785 §3.2.3), numbers as ECMAScript writes them where that
 * says the same number, else as they stood: a rounded number would give two definitions one digest.
 */
export function canonicalText(text: string): string {
  const value: unknown = JSON.parse(text, (_key, member: unknown, context?: { source?: string }) =>
    typeof member === 'number' ? new Exact(member, context?.source ?? '') : member,
  );
  return write(value);
}

class Exact {
  readonly text: string;
  constructor(value: number, lexeme: string) {
    const plain = JSON.stringify(value);
    this.text = plain === lexeme || sameNumber(plain, lexeme) ? plain : lexeme;
  }
}

function write(value: unknown): string {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

function sameNumber(left: string, right: string): boolean {
  return right.length <= LEXEME_MAX && decimal(left) === decimal(right);
}

/** A number's sign, digits without zeros around them, and exponent. */
function decimal(lexeme: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(lexeme) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  if (short === '') return '0';
  return `${sign}${short}e${BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - short.length)}`;
}

const remembered = new Map<string, { name: string; digest: string }>();

/** Reads one definition of a scanned list. Undefined where it has no plain name or is too large: it is then never shown. */
export function readDefinition(raw: Buffer, { start, end }: Span): Definition | undefined {
  if (end - start > DEFINITION_MAX_BYTES) return undefined;
  const own = raw.subarray(start, end);
  const name = stringAt(own, find(scanJson(own), 'name'));
  if (name === undefined || !NAME.test(name)) return undefined;
  const canonical = canonicalText(own.toString('utf8'));
  if (Buffer.byteLength(canonical) > DEFINITION_MAX_BYTES) return undefined;
  return { name, canonical, digest: createHash('sha256').update(canonical, 'utf8').digest('hex') };
}

/** Name and digest of one definition of a scanned list; what was read before is hashed and not parsed again. */
export function digestOfDefinition(raw: Buffer, span: Span): { name: string; digest: string } | undefined {
  const key = createHash('sha256').update(raw.subarray(span.start, span.end)).digest('base64');
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const definition = readDefinition(raw, span);
  if (definition === undefined) return undefined;
  const { name, digest } = definition;
  if (remembered.size >= DIGESTS_REMEMBERED_MAX) remembered.clear();
  remembered.set(key, { name, digest });
  return { name, digest };
}
