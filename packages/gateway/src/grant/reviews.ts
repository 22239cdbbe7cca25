import type { Clock } from '@sallyport/shared/clock';
import { newId } from '@sallyport/shared/ids';
import type { Store } from '../store/index.ts';
import { GrantError } from './errors.ts';
import { REASON_MIN_CHARACTERS, REVIEW_EVERY_DAYS } from './limits.ts';
import type { GrantActor } from './types.ts';

/** An account with what it belongs to, as the documents have it. */
export interface ReviewedAccount {
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

/** One membership, and what a reviewer must know of it (REGULATION.md, FFIEC IS II.C.7(b)). */
export interface AccessReview {
  readonly account: string;
  /** `group:engineers` or `role:auditor`. */
  readonly membership: string;
  /** RFC 3339 instants. */
  readonly since: string;
  readonly dueAt: string;
  readonly overdue: boolean;
  readonly lastUsedAt?: string;
  readonly last?: {
    readonly decision: 'keep' | 'remove';
    readonly by: string;
    readonly at: string;
    readonly reason: string;
  };
}

/** An entry of a review for the audit log. */
export interface ReviewEntry {
  readonly kind: 'access.reviewed';
  readonly actor: { readonly kind: GrantActor['kind']; readonly name: string; readonly token?: string };
  readonly control: readonly string[];
  readonly fields: { readonly [name: string]: string };
}

export interface ReviewsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly record: (entry: ReviewEntry) => Promise<unknown>;
  readonly accounts: () => readonly ReviewedAccount[];
  /** When the account was last seen in a session, if ever. */
  readonly lastUsed: () => Promise<ReadonlyMap<string, Date>>;
  readonly everyDays?: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Recertification: each membership is looked at by somebody else every six months (PCI DSS 7.2.4). */
export class AccessReviews {
  readonly #options: ReviewsOptions;

  constructor(options: ReviewsOptions) {
    this.#options = options;
  }

  /** All memberships, those that are due first. */
  async list(): Promise<AccessReview[]> {
    const { store, clock, accounts, lastUsed, everyDays = REVIEW_EVERY_DAYS } = this.#options;
    const now = clock.now();
    const wanted = accounts().flatMap(({ name, groups, roles }) =>
      membershipsOf(groups, roles).map((membership) => ({ account: name, membership })),
    );
    const columns = [wanted.map(({ account }) => account), wanted.map(({ membership }) => membership)];
    await store.pool.query(
      `INSERT INTO access_memberships (account, membership, since)
       SELECT account, membership, $3 FROM unnest($1::text[], $2::text[]) AS m (account, membership)
       ON CONFLICT DO NOTHING`,
      [...columns, new Date(now)],
    );
    const { rows } = await store.pool.query<Row>(LIST, columns);
    const used = await lastUsed();
    return rows
      .map((row) => {
        const due = row.due_at ?? new Date(row.since.getTime() + everyDays * DAY_MS);
        const seen = used.get(row.account);
        return {
          account: row.account,
          membership: row.membership,
          since: row.since.toISOString(),
          dueAt: due.toISOString(),
          overdue: due.getTime() <= now,
          ...(seen === undefined ? {} : { lastUsedAt: seen.toISOString() }),
          ...(row.decision === null || row.reviewed_at === null
            ? {}
            : {
                last: {
                  decision: row.decision,
                  by: row.reviewed_by ?? '',
                  at: row.reviewed_at.toISOString(),
                  reason: row.reason ?? '',
                },
              }),
        };
      })
      .sort((a, b) => (a.dueAt < b.dueAt ? -1 : Number(a.dueAt > b.dueAt)));
  }

  /**
   * Records a reviewer's decision. To remove a membership is a change of the account's document, which the caller
   * makes when this has resolved.
   *
   * @throws GrantError `invalid`, `not_found` or `unavailable`.
   */
  async decide(
    review: { account: string; membership: string; decision: 'keep' | 'remove'; reason: string },
    by: GrantActor,
  ): Promise<void> {
    const { store, clock, record, accounts, everyDays = REVIEW_EVERY_DAYS } = this.#options;
    const { account, membership, decision, reason } = review;
    const held = accounts().find(({ name }) => name === account);
    if (held === undefined || !membershipsOf(held.groups, held.roles).includes(membership)) {
      throw new GrantError(
        'not_found',
        `"${account.slice(0, 63)}" does not have the membership "${membership.slice(0, 80)}".`,
      );
    }
    if (by.name === account)
      throw new GrantError('invalid', 'Nobody reviews their own access. Ask another reviewer.');
    if (reason.trim().length < REASON_MIN_CHARACTERS) {
      throw new GrantError(
        'invalid',
        `A review needs a reason of at least ${REASON_MIN_CHARACTERS} characters.`,
      );
    }
    const now = clock.now();
    await record({
      kind: 'access.reviewed',
      actor: { kind: by.kind, name: by.name, ...(by.token === undefined ? {} : { token: by.token }) },
      control: ['PCI 7.2.4', 'FFIEC IS II.C.7(b)', 'CRI PR.AA-05.02'],
      fields: { account, membership, decision, reason: reason.toWellFormed() },
    });
    await store.pool.query(
      `INSERT INTO access_reviews (id, account, membership, decision, reason, reviewed_at, reviewed_by, due_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        newId('req'),
        account,
        membership,
        decision,
        reason,
        new Date(now),
        by.name,
        new Date(now + everyDays * DAY_MS),
      ],
    );
  }
}

interface Row {
  readonly account: string;
  readonly membership: string;
  readonly since: Date;
  readonly decision: 'keep' | 'remove' | null;
  readonly reason: string | null;
  readonly reviewed_at: Date | null;
  readonly reviewed_by: string | null;
  readonly due_at: Date | null;
}

// A review of before the membership began anew does not count for it.
const LIST = `
  SELECT m.account, m.membership, m.since, r.decision, r.reason, r.reviewed_at, r.reviewed_by, r.due_at
  FROM access_memberships m
  JOIN unnest($1::text[], $2::text[]) AS held (account, membership) USING (account, membership)
  LEFT JOIN LATERAL (
    SELECT * FROM access_reviews WHERE account = m.account AND membership = m.membership AND reviewed_at >= m.since
    ORDER BY reviewed_at DESC LIMIT 1) r ON true`;

function membershipsOf(groups: readonly string[], roles: readonly string[]): string[] {
  return [...groups.map((group) => `group:${group}`), ...roles.map((role) => `role:${role}`)];
}
