import { FIRST_PREV, parseReceipt, type Receipt, receiptHash } from '@sallyport/shared/receipts';
import type { KnownChain, ReceiptsAnswer } from './types.ts';

/** Receipts that follow on what is known. */
export interface Followed {
  readonly receipts: readonly { readonly receipt: Receipt; readonly line: string }[];
  readonly size: number;
  readonly head: string;
}

/** What an agent shows can't follow on what it has shown before. */
export interface Broken {
  readonly problem: string;
}

type Known = Pick<KnownChain, 'chain' | 'size' | 'head'>;

/** Holds a page against what is known of the chain: it must be longer, or the same, and every link must hold. */
export function follow(agent: string, known: Known, page: ReceiptsAnswer): Followed | Broken {
  if (page.size < known.size)
    return { problem: `the chain went back from ${known.size} receipts to ${page.size}` };
  if (page.size === known.size && page.head !== known.head)
    return { problem: `receipt ${known.size - 1} is another than the agent has shown before` };
  let { size, head } = known;
  const receipts: { receipt: Receipt; line: string }[] = [];
  for (const line of page.lines) {
    const receipt = parseReceipt(line);
    if (receipt === undefined) return { problem: `receipt ${size} is not a receipt` };
    if (receipt.agent !== agent || receipt.chain !== known.chain || receipt.n !== size)
      return { problem: `receipt ${size} is of another agent, chain or place` };
    if (receipt.prev !== head) return { problem: `receipt ${size} does not follow on the one before` };
    receipts.push({ receipt, line });
    size += 1;
    head = receiptHash(line);
  }
  if (size > page.size)
    return { problem: `there are more than the ${page.size} receipts that the agent says` };
  if (size === page.size && head !== page.head)
    return { problem: `receipt ${size - 1} does not give the head that the agent says` };
  return { receipts, size, head };
}

/** Where a chain that was never seen begins. Old receipts may be gone at the agent; then nothing proves the first. */
export function beginning(page: ReceiptsAnswer): Known {
  const first = page.lines[0] === undefined ? undefined : parseReceipt(page.lines[0]);
  return first === undefined
    ? { chain: page.chain, size: page.size, head: page.size === 0 ? FIRST_PREV : page.head }
    : { chain: page.chain, size: first.n, head: first.prev };
}
