import Type from 'typebox';
import { DESCRIPTION_MAX_CHARACTERS } from '../limits.ts';

/** A kind of document: what may stand in its spec, and what its name may look like. */
export interface Kind {
  readonly spec: Type.TObject;
  /** Writes short forms out, in place, before the schema looks at them. */
  readonly takeShortForms?: (spec: Record<string, unknown>) => void;
  readonly namePattern: RegExp;
  /** The rule for names in words. */
  readonly nameRule: string;
  /** What the schema can't say: problems of a spec that it accepts. */
  readonly problems?: (spec: Record<string, unknown>) => readonly { path: string; message: string }[];
}

/** Servers and agents (DESIGN.md §2). */
export const SERVER_NAME = '^[a-z0-9-]{1,40}$';
export const SERVER_NAME_RULE = '1 to 40 characters of a-z, 0-9 and -';

/** Policies, groups and accounts: what stands in a Cedar text and on a command line without quoting. */
export const PLAIN_NAME = '^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$';
export const PLAIN_NAME_RULE =
  '1 to 63 characters of A-Z, a-z, 0-9 and . _ @ -, beginning with a letter or digit';

export const description = Type.Optional(Type.String({ maxLength: DESCRIPTION_MAX_CHARACTERS }));

/** Unknown members are refused: one that is misspelt would otherwise be a setting that silently does not hold. */
export function strict<Members extends Type.TProperties>(members: Members): Type.TObject<Members> {
  return Type.Object(members, { additionalProperties: false });
}
