import type { Audit, DropOrder, RetentionClass } from './audit/index.ts';
import type { Proposals } from './proposal/index.ts';
import type { Receipts } from './receipt/index.ts';
import type { Registry } from './registry/index.ts';

/** How long entries are kept, by the documents in force; by the default until they are read. */
export function retentionClasses(registry: Registry | undefined): RetentionClass[] {
  if (registry === undefined) return [];
  return [...registry.snapshot().of('Retention').values()].map(({ name, spec }) => ({
    name,
    keep: spec.keep,
    ...(spec.kinds === undefined ? {} : { kinds: spec.kinds }),
    ...(spec.servers === undefined ? {} : { servers: spec.servers }),
  }));
}

/** A page of receipts. */
const PAGE_RECEIPTS = 1_000;

/** Lines of agents' receipts that belong to entries from a seq up to but without another; none before they are there. */
export async function* receiptLines(
  receipts: Receipts | undefined,
  from: number,
  until: number,
): AsyncGenerator<readonly string[]> {
  if (receipts === undefined) return;
  const spans = await receipts.spans(from, until);
  for (let after: Parameters<Receipts['page']>[0]; ; ) {
    const page = await receipts.page(after, PAGE_RECEIPTS, spans);
    yield page.map(({ line }) => line);
    after = page.at(-1);
    if (page.length < PAGE_RECEIPTS) return;
  }
}

/** Dropping a month of the log takes two people. */
export function joinRetention(proposals: Proposals, audit: Audit): void {
  proposals.register('retention.drop', {
    check: (payload) => audit.retention.problem(orderOf(payload)),
    execute: (payload, { id, proposedBy, decidedBy }) =>
      audit.retention.drop(orderOf(payload), {
        people: `${proposedBy.name} and ${decidedBy ?? 'nobody'}`,
        proposal: id,
      }),
  });
}

function orderOf(payload: unknown): DropOrder {
  // Cast: the route that proposes it takes it from the audit room; all of it is compared with what is there.
  return payload as DropOrder;
}
