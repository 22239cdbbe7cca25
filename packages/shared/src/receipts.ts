import { hash } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from './canonical-json.ts';

/** What an agent notes before it gives a call to a server (DESIGN.md §5, at most once). One line of its chain. */
export interface Receipt {
  readonly agent: string;
  /** RFC 3339, UTC, the agent's own clock. */
  readonly at: string;
  /** `cal_…` */
  readonly call: string;
  /** Random; another one means that the agent's receipts began anew. */
  readonly chain: string;
  /** Dense from 0. */
  readonly n: number;
  /** Hash of the line before, hexadecimal; zeros before the first. */
  readonly prev: string;
  readonly server: string;
  readonly session: string;
}

export const FIRST_PREV = '0'.repeat(64);

/** The line of a receipt, without its end: RFC 8785 canonical JSON. */
export function receiptLine(receipt: Receipt): string {
  return canonicalJson({ ...receipt, v: 1 } satisfies { readonly [name: string]: CanonicalValue });
}

/** SHA-256 of `sallyport-receipt/1`, a line end, and the line; hexadecimal. */
export function receiptHash(line: string): string {
  return hash('sha256', `sallyport-receipt/1\n${line}`, 'hex');
}

const TEXTS = ['agent', 'at', 'call', 'chain', 'prev', 'server', 'session'] as const;

/** The receipt of a line; undefined where it is none in its only form. */
export function parseReceipt(line: string): Receipt | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // Cast: an object that is read member by member.
  const given = value as Readonly<Record<string, unknown>>;
  if (!TEXTS.every((name) => typeof given[name] === 'string')) return undefined;
  if (given.v !== 1 || !Number.isSafeInteger(given.n)) return undefined;
  // Cast: its members have just been looked at.
  const { agent, at, call, chain, n, prev, server, session } = given as unknown as Receipt;
  const receipt = { agent, at, call, chain, n, prev, server, session };
  return receiptLine(receipt) === line ? receipt : undefined;
}
