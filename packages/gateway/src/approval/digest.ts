import { createHash } from 'node:crypto';
import { canonicalDigest } from '@sallyport/shared/canonical-json';

/** What consent to a call is bound to. A change of any of it needs a new approval. */
export interface DigestParts {
  readonly principal: { readonly kind: string; readonly name: string };
  readonly server: string;
  readonly method: string;
  /** Name of the tool, prompt or resource. */
  readonly on: string;
  /** Digest of the pinned tool definition; null where there is none. */
  readonly toolDefinition: string | null;
  /** Canonical text of all parameters but `_meta`: arguments, `inputResponses`, everything. */
  readonly parameters: string;
  readonly policyVersion: string;
  /** Whose consent is needed. */
  readonly flows: readonly string[];
}

/** SHA-256 over the canonical JSON of the parts, hexadecimal. */
export function callDigest(parts: DigestParts): string {
  const { principal, server, method, on, toolDefinition, parameters, policyVersion, flows } = parts;
  return canonicalDigest({
    kind: 'call',
    principal: { kind: principal.kind, name: principal.name },
    server,
    method,
    on,
    toolDefinition,
    parameters,
    policyVersion,
    flows: [...flows],
  });
}

/** What stays the same when only the circumstances of a call have changed. */
export function callKey({ principal, server, method, on, parameters }: DigestParts): string {
  return canonicalDigest({
    kind: 'call-key',
    principal: { kind: principal.kind, name: principal.name },
    server,
    method,
    on,
    parameters: createHash('sha256').update(parameters, 'utf8').digest('hex'),
  });
}

/** A number as it stood in the text. */
class Lexeme {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * The canonical text of a JSON value that the strict reader has accepted: members sorted as RFC 8785 §3.2.3 sorts them,
 * no white space, strings in their shortest form; numbers exactly as they stood, so that `1.0` and `1`, or two long
 * numbers that a double can't tell apart, are not the same call.
 */
export function canonicalText(json: string): string {
  return write(
    JSON.parse(json, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? new Lexeme(context?.source ?? String(value)) : value,
    ),
  );
}

function write(value: unknown): string {
  if (value instanceof Lexeme) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // The default order of sort is by UTF-16 code units, which is the order of RFC 8785.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(',')}}`;
}
