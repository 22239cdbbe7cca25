import { hash } from 'node:crypto';
import type { Calls } from './calls.ts';
import { isCanonical } from './canonical.ts';
import { type Folder, type ListedFile, linesOf } from './files.ts';
import { ENTRY_WAIT_MAX_MS, NAMED_MAX } from './limits.ts';
import { membersOf } from './members.ts';
import type { ReceiptClaims } from './receipt-claims.ts';
import { Unproven } from './unproven.ts';

export const RECEIPTS = 'receipts/receipts.ndjson';
const FIRST_PREV = '0'.repeat(64);

/** What agents' receipts prove of an export. */
export interface ReceiptsProof {
  readonly agents: number;
  readonly receipts: number;
  /** What they do not prove, in words. */
  readonly open: readonly string[];
}

interface Chain {
  next: number;
  head: string;
}

/**
 * Holds agents' receipts against the log: each chain must be unbroken and have the heads that the log has of it, each
 * receipt a call with an intent, and each call that an agent answered a receipt.
 *
 * @throws Unproven
 */
export async function readReceipts(
  folder: Folder,
  files: readonly ListedFile[],
  claims: ReceiptClaims,
  calls: Calls,
): Promise<ReceiptsProof> {
  const listed = files.find(({ path }) => path === RECEIPTS);
  if (listed === undefined) {
    const [claim] = claims.heads;
    if (claim === undefined)
      return { agents: 0, receipts: 0, open: ['what agents executed: it has no receipts'] };
    throw new Unproven(RECEIPTS, `it is missing, and entry ${claim.seq} has the head of receipts`, claim.seq);
  }
  const chains = new Map<string, Chain>();
  const before: string[] = [];
  let count = 0;
  for await (const line of linesOf(folder, listed)) {
    takeReceipt(line, { chains, claims, calls, before });
    count += 1;
  }
  for (const { agent, chain, size, seq } of claims.heads) {
    const next = chains.get(keyOf(agent, chain))?.next ?? 0;
    if (next < size)
      throw new Unproven(
        RECEIPTS,
        `receipt ${next} of agent ${agent} is missing: entry ${seq} counts ${size}`,
        seq,
      );
  }
  const unreceipted = claims.answeredWithoutReceipt();
  if (unreceipted !== undefined) {
    const { agent, call, seq } = unreceipted;
    throw new Unproven(RECEIPTS, `agent ${agent} answered the call ${call} and has no receipt of it`, seq);
  }
  return {
    agents: new Set(claims.heads.map(({ agent }) => agent)).size,
    receipts: count,
    open: [...claims.problems, ...openOf(before)],
  };
}

interface Reading {
  readonly chains: Map<string, Chain>;
  readonly claims: ReceiptClaims;
  readonly calls: Calls;
  /** Calls that have no intent here and were executed before the export begins. */
  readonly before: string[];
}

function takeReceipt(bytes: Buffer, { chains, claims, calls, before }: Reading): void {
  const line = bytes.toString('utf8');
  const { agent, call, chain, n, prev, at } = readReceipt(line);
  const key = keyOf(agent, chain);
  // Old receipts may be gone at the agent before the first was heard: the chain then begins with a later one.
  const known = chains.get(key) ?? { next: n, head: n === 0 ? FIRST_PREV : prev };
  if (known.next !== n) throw new Unproven(RECEIPTS, `receipt ${known.next} of agent ${agent} is missing`);
  if (known.head !== prev)
    throw new Unproven(
      RECEIPTS,
      `receipt ${n} of agent ${agent} does not follow on the one before: one was changed`,
    );
  const head = hash('sha256', `sallyport-receipt/1\n${line}`, 'hex');
  chains.set(key, { next: n + 1, head });
  const claim = claims.headAt(key, n + 1);
  if (claim !== undefined && claim.head !== head) {
    const why = `receipt ${n} of agent ${agent} is not the one whose head entry ${claim.seq} has: it or one before was changed`;
    throw new Unproven(RECEIPTS, why, claim.seq);
  }
  claims.received(call);
  if (n >= claims.covered(key) || calls.has(call)) return;
  const { beganMs } = claims;
  if (beganMs !== undefined && !claims.unmatched.has(call) && Date.parse(at) < beganMs + ENTRY_WAIT_MAX_MS) {
    before.push(call);
    return;
  }
  const seq = claims.unmatched.get(call) ?? claims.coveredBy(key, n);
  const why = `agent ${agent} executed the call ${call} (receipt ${n}), and the log has no intent of it`;
  throw new Unproven(RECEIPTS, why, seq);
}

/** The receipt before the first is there so that the chain joins; a call may be under way where an export begins. */
function openOf(before: readonly string[]): string[] {
  if (before.length === 0) return [];
  const named = `${before.slice(0, NAMED_MAX).join(', ')}${before.length > NAMED_MAX ? ', …' : ''}`;
  return [
    `that these calls, which agents executed before or as this export begins, have an intent before it: ${named}`,
  ];
}

function keyOf(agent: string, chain: string): string {
  return `${agent}\n${chain}`;
}

function readReceipt(line: string): {
  agent: string;
  call: string;
  chain: string;
  n: number;
  prev: string;
  at: string;
} {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Unproven(RECEIPTS, 'it holds a line that is not JSON');
  }
  const { v, agent, call, chain, n, prev, at } = membersOf(value);
  if (
    v !== 1 ||
    typeof agent !== 'string' ||
    typeof call !== 'string' ||
    typeof chain !== 'string' ||
    typeof prev !== 'string' ||
    typeof at !== 'string' ||
    typeof n !== 'number' ||
    !Number.isSafeInteger(n) ||
    !isCanonical(line, value)
  )
    throw new Unproven(RECEIPTS, 'it holds a line that is not a receipt');
  return { agent, call, chain, n, prev, at };
}
