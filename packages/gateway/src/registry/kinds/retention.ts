import Type from 'typebox';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, SERVER_NAME, strict } from './schema.ts';

const KEEP = /^([1-9][0-9]{0,4})([dmy])$/;
/** Kinds of entries: one, those of a room, or all. */
const ENTRY_KINDS = '^(\\*|[a-z_]{1,40}(\\.(\\*|[a-z_]{1,40}))?)$';
/** PCI DSS 10.5.1: audit logs are kept for 12 months. */
const FLOOR_MONTHS = 12;
/** A century: what is longer is a slip. */
const CEILING_MONTHS = 1_200;

/** How long entries are kept. Members that are left out restrict nothing. */
export interface RetentionSpec {
  description?: string;
  /** `call.outcome`, `call.*` or `*`. */
  kinds?: string[];
  servers?: string[];
  /** `5y`, `18m` or `400d`, from the end of the month of the entry. */
  keep: string;
  /** Less than the 12 months of PCI DSS 10.5.1 is meant. */
  shorterThanAYear?: boolean;
}

/** How long entries of some kinds and servers are kept. */
export const retentionKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  problems: ({ keep, shorterThanAYear }) => {
    const months = monthsOf(String(keep));
    if (months > CEILING_MONTHS) return [{ path: 'keep', message: 'is more than a century.' }];
    if (months >= FLOOR_MONTHS || shorterThanAYear === true) return [];
    return [
      {
        path: 'keep',
        message:
          'is less than 12 months, which PCI DSS 10.5.1 demands. Keep it for 1y or longer, or say that it is meant: shorterThanAYear: true.',
      },
    ];
  },
  spec: strict({
    description,
    kinds: Type.Optional(
      Type.Array(Type.String({ pattern: ENTRY_KINDS }), { minItems: 1, maxItems: 200, uniqueItems: true }),
    ),
    servers: Type.Optional(
      Type.Array(Type.String({ pattern: SERVER_NAME }), { minItems: 1, maxItems: 200, uniqueItems: true }),
    ),
    keep: Type.String({ pattern: KEEP.source }),
    shorterThanAYear: Type.Optional(Type.Boolean()),
  }),
};

/** Days count as the shortest year has them, so that 364d is less than 12 months and 365d is not. */
function monthsOf(keep: string): number {
  const [, count, unit] = KEEP.exec(keep) ?? [];
  if (unit === 'y') return Number(count) * 12;
  return unit === 'm' ? Number(count) : (Number(count) * 12) / 365;
}
