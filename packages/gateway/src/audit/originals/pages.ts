import type { Store } from '../../store/index.ts';
import type { Audit } from '../types.ts';

/** What is kept beside the entries of one slot, page by page, for an export. */
export function keptPages({ pool }: Store, slot: number): Pick<Audit, 'keptBodies' | 'keptOriginals'> {
  return {
    keptBodies: async (after, size, limit) => {
      const { rows } = await pool.query<{ digest: Buffer; body: Buffer }>(
        // Each month has its own of what was said in several.
        `SELECT DISTINCT ON (b.digest) b.digest, b.body FROM audit_bodies b
          WHERE b.digest > $1 AND b.first_at <= (SELECT ts FROM audit_entries WHERE slot = $2 AND seq = $3)
          ORDER BY b.digest LIMIT $4`,
        [Buffer.from(after, 'hex'), slot, size - 1, limit],
      );
      return rows.map(({ digest, body }) => ({ digest: digest.toString('hex'), body }));
    },
    keptOriginals: async (after, size, limit) => {
      const { rows } = await pool.query<{ seq: string; period: string; wrapped_key: Buffer; sealed: Buffer }>(
        `SELECT seq, period, wrapped_key, sealed FROM audit_originals
          WHERE slot = $1 AND seq > $2 AND seq < $3 AND wrapped_key IS NOT NULL ORDER BY seq LIMIT $4`,
        [slot, after, size, limit],
      );
      return rows.map((row) => ({
        seq: Number(row.seq),
        period: row.period,
        wrappedKey: row.wrapped_key,
        sealed: row.sealed,
      }));
    },
  };
}
