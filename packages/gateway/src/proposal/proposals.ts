import { type CanonicalValue, canonicalDigest, canonicalJson } from '@sallyport/shared/canonical-json';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { newId } from '@sallyport/shared/ids';
import type { Logger } from 'winston';
import { recordedStep, type Store } from '../store/index.ts';
import { ProposalError } from './errors.ts';
import {
  PAYLOAD_MAX_CHARACTERS,
  PROPOSAL_WAITS_MS,
  REASON_MAX_CHARACTERS,
  REASON_MIN_CHARACTERS,
} from './limits.ts';
import {
  insertProposal,
  listProposals,
  loadProposal,
  loadUnfinished,
  moveProposal,
  type Queryable,
} from './table.ts';
import type { Proposal, ProposalKind, ProposalQuery, ProposalState, Proposals, Proposer } from './types.ts';

/** An entry of this room's for the audit log. */
export interface ProposalEntry {
  /** `unconfirmed`: the step that these entries tell of did not come about. */
  readonly kind: `proposal.${ProposalState | 'unconfirmed'}`;
  readonly actor: {
    readonly kind: Proposer['kind'] | 'gateway';
    readonly name: string;
    readonly token?: string;
  };
  readonly source?: { readonly ip: string };
  readonly control: readonly string[];
  readonly fields: { readonly [name: string]: string };
}

export interface ProposalsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly record: (entry: ProposalEntry) => Promise<{ readonly id: string }>;
}

const CONTROL = ['AC-3(2)', 'FFIEC IS II.C.7(c)'] as const;
const GATEWAY = { kind: 'gateway', name: 'sallyport' } as const;

/** Two people for one change: one proposes, another confirms the digest of exactly that, and then it happens. */
export class OpenProposals implements Proposals {
  readonly #options: ProposalsOptions;
  readonly #kinds = new Map<string, ProposalKind>();
  /** Being carried out here, so that a look for what was left half done leaves them alone. */
  readonly #executing = new Set<string>();

  constructor(options: ProposalsOptions) {
    this.#options = options;
  }

  register(kind: string, handler: ProposalKind): void {
    this.#kinds.set(kind, handler);
  }

  async propose(
    request: { kind: string; payload: CanonicalValue; reason: string },
    by: Proposer,
  ): Promise<Proposal> {
    const { clock } = this.#options;
    const { kind, payload, reason } = request;
    const handler = this.#kinds.get(kind);
    if (handler === undefined) {
      throw new ProposalError(
        'invalid',
        `There is no proposal of the kind "${kind.slice(0, 40)}". There are: ${[...this.#kinds.keys()].join(', ')}.`,
      );
    }
    if (
      reason.trim().length < REASON_MIN_CHARACTERS ||
      reason.length > REASON_MAX_CHARACTERS ||
      !reason.isWellFormed()
    ) {
      throw new ProposalError(
        'invalid',
        `A proposal needs a reason of ${REASON_MIN_CHARACTERS} to ${REASON_MAX_CHARACTERS} characters.`,
      );
    }
    if (canonicalJson(payload).length > PAYLOAD_MAX_CHARACTERS)
      throw new ProposalError('invalid', 'The proposal is too large.');
    const problem = await handler.check(payload);
    if (problem !== undefined) throw new ProposalError('invalid', problem);
    const now = clock.now();
    const proposal: Proposal = {
      id: newId('prp'),
      kind,
      state: 'proposed',
      payload,
      digest: canonicalDigest({ kind, payload, reason }),
      reason,
      proposedBy: { kind: by.kind, name: by.name },
      proposedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + PROPOSAL_WAITS_MS).toISOString(),
    };
    await this.#step(async (db) => {
      await insertProposal(db, proposal);
      return proposal;
    }, by);
    return proposal;
  }

  async confirm(id: string, digest: string, by: Proposer): Promise<Proposal> {
    const proposal = await this.#open(id, by);
    if (proposal.digest !== digest) {
      throw new ProposalError(
        'conflict',
        `You confirm ${digest.slice(0, 8)}…, and ${id} is ${proposal.digest.slice(0, 8)}…. Look at it again.`,
      );
    }
    const { clock } = this.#options;
    if (Date.parse(proposal.expiresAt) <= clock.now())
      throw new ProposalError('conflict', `${id} ran out at ${proposal.expiresAt}. Propose it again.`);
    this.#executing.add(id);
    try {
      const step = { decidedBy: by.name, decidedAtMs: clock.now() };
      const moved = await this.#step((db) => moveProposal(db, id, 'proposed', 'confirmed', step), by);
      if (moved === undefined) throw await this.#conflict(id);
      return await this.#carryOut(moved);
    } finally {
      this.#executing.delete(id);
    }
  }

  async refuse(id: string, reason: string, by: Proposer): Promise<Proposal> {
    const { clock } = this.#options;
    const proposal = await this.#load(id);
    if (proposal.state !== 'proposed') throw await this.#conflict(id);
    const step = { decidedBy: by.name, decidedAtMs: clock.now(), decisionReason: reason };
    const moved = await this.#step((db) => moveProposal(db, id, 'proposed', 'refused', step), by, {
      why: reason.toWellFormed(),
    });
    if (moved === undefined) throw await this.#conflict(id);
    return moved;
  }

  get(id: string): Promise<Proposal | undefined> {
    return loadProposal(this.#options.store.pool, id);
  }

  list(query: ProposalQuery): Promise<Proposal[]> {
    return listProposals(this.#options.store.pool, query);
  }

  /** Ends what ran out, and carries out what a crash left confirmed. */
  async tick(): Promise<void> {
    const { store, clock } = this.#options;
    for (const proposal of await loadUnfinished(store.pool, clock.now())) {
      if (this.#executing.has(proposal.id)) continue;
      if (proposal.state === 'confirmed') {
        await this.#carryOut(proposal);
        continue;
      }
      await this.#step((db) => moveProposal(db, proposal.id, 'proposed', 'expired', {}), GATEWAY);
    }
  }

  async close(): Promise<void> {
    // What is being carried out goes on; a crash in it is made good at the next start.
  }

  async #carryOut(proposal: Proposal): Promise<Proposal> {
    const { logger } = this.#options;
    const handler = this.#kinds.get(proposal.kind);
    if (handler === undefined)
      throw new ProposalError(
        'unavailable',
        `This gateway does not know how to carry out "${proposal.kind}".`,
      );
    const result = await handler.execute(proposal.payload, proposal).then(
      (words) => ({ state: 'executed' as const, words }),
      (error: unknown) => ({ state: 'failed' as const, words: errorText(error) }),
    );
    if (result.state === 'failed')
      logger.error('a confirmed proposal failed', { proposal: proposal.id, reason: result.words });
    const outcome = result.words.slice(0, 1_000).toWellFormed();
    const moved = await this.#step(
      (db) => moveProposal(db, proposal.id, 'confirmed', result.state, { outcome }),
      GATEWAY,
      {
        outcome,
      },
    );
    return moved ?? (await this.#load(proposal.id));
  }

  async #open(id: string, by: Proposer): Promise<Proposal> {
    const proposal = await this.#load(id);
    if (proposal.state !== 'proposed') throw await this.#conflict(id);
    // The account counts, not the token it came with: two tokens are not two people.
    if (proposal.proposedBy.name === by.name) {
      throw new ProposalError(
        'own',
        'Who proposes a change can’t be the second person for it. Ask somebody else.',
      );
    }
    return proposal;
  }

  async #load(id: string): Promise<Proposal> {
    const proposal = await this.get(id);
    if (proposal === undefined)
      throw new ProposalError('not_found', `There is no proposal "${id.slice(0, 40)}".`);
    return proposal;
  }

  async #conflict(id: string): Promise<ProposalError> {
    const { state, decidedBy, decidedAt } = await this.#load(id);
    const by = decidedBy === undefined ? '' : ` by ${decidedBy} at ${decidedAt}`;
    return new ProposalError('conflict', `${id} is ${state} already${by}; nothing was changed.`);
  }

  /** Moves the row and records it as one: the loser of a race records nothing. */
  async #step(
    work: (db: Queryable) => Promise<Proposal | undefined>,
    by: Proposer | typeof GATEWAY,
    more: { readonly [name: string]: string } = {},
  ): Promise<Proposal | undefined> {
    const { store, record, logger } = this.#options;
    const onFailed = (proposal: Proposal, entries: readonly string[]): Promise<unknown> =>
      record({
        ...entryOf(proposal, GATEWAY, { entries: entries.join(' ') }),
        kind: 'proposal.unconfirmed',
      }).catch((error: unknown) =>
        logger.error('a step that failed could not be recorded as such', { reason: errorText(error) }),
      );
    try {
      return await recordedStep(
        store.pool,
        record,
        async (db) => {
          const result = await work(db);
          return result && { result, entries: [entryOf(result, by, more)] };
        },
        onFailed,
      );
    } catch (cause) {
      if (cause instanceof ProposalError) throw cause;
      throw new ProposalError(
        'unavailable',
        'The proposal could not be changed now: the database or the audit log does not answer. Try again.',
        { cause },
      );
    }
  }
}

function entryOf(
  proposal: Proposal,
  by: Proposer | typeof GATEWAY,
  more: { readonly [name: string]: string },
): ProposalEntry {
  return {
    kind: `proposal.${proposal.state}`,
    actor: {
      kind: by.kind,
      name: by.name,
      ...('token' in by && by.token !== undefined ? { token: by.token } : {}),
    },
    ...('sourceIp' in by && by.sourceIp !== undefined ? { source: { ip: by.sourceIp } } : {}),
    control: CONTROL,
    fields: {
      proposal: proposal.id,
      change: proposal.kind,
      digest: proposal.digest,
      proposedBy: proposal.proposedBy.name,
      reason: proposal.reason,
      ...more,
    },
  };
}
