import { type Audit, type RecordScope, scopeProblem } from './audit/index.ts';
import type { Proposal, Proposals } from './proposal/index.ts';

/** What needs two people of what is kept beside the log: to hold, to let go of a hold, to shred. */
export function joinRecords(proposals: Proposals, audit: Audit): void {
  proposals.register('hold.place', {
    check: (payload) => scopeProblem(scopeOf(payload), audit.size()),
    execute: async (payload, proposal) => {
      // The proposal's own: carried out again after a crash, it is the same hold.
      const id = proposal.id.replace('prp_', 'hld_');
      await audit.placeHold({ id, scope: scopeOf(payload), reason: proposal.reason }, peopleOf(proposal));
      return `${id} is in force`;
    },
  });
  proposals.register('hold.release', {
    check: async (payload) => {
      const id = memberOf(payload, 'hold');
      const hold = (await audit.holds()).find((each) => each.id === id);
      return hold === undefined || hold.releasedAt !== undefined
        ? `There is no hold "${id}" in force.`
        : undefined;
    },
    execute: async (payload, proposal) => {
      await audit.releaseHold(memberOf(payload, 'hold'), peopleOf(proposal));
      return `${memberOf(payload, 'hold')} is released`;
    },
  });
  proposals.register('shred', {
    check: async (payload) => {
      const scope = scopeOf(payload);
      const problem = scopeProblem(scope, audit.size());
      if (problem !== undefined) return problem;
      const { heldBy } = await audit.shreddable(scope);
      return heldBy.length > 0 ? `The legal hold ${heldBy.join(', ')} covers it.` : undefined;
    },
    execute: async (payload, proposal) => {
      const { records, bodies } = await audit.shred(scopeOf(payload), proposal.id);
      return `${records} originals and ${bodies} bodies are shredded`;
    },
  });
}

function peopleOf({ proposedBy, decidedBy }: Proposal): string {
  return `${proposedBy.name} and ${decidedBy ?? 'nobody'}`;
}

function scopeOf(payload: unknown): RecordScope {
  // Cast: the routes that propose check their bodies by schema; scopeProblem looks at the numbers.
  return payload as RecordScope;
}

function memberOf(payload: unknown, name: string): string {
  return typeof payload === 'object' && payload !== null && name in payload
    ? String((payload as Record<string, unknown>)[name]) // cast: it has just been seen to be an object with it
    : '';
}
