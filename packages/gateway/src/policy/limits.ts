/** Bounds of the policy room, each with its reason. Units are last in the names. */

/** One policy document's text. A document is read by people; a larger one is generated and should be several. */
export const DOCUMENT_MAX_CHARACTERS = 256 * 1024;

/**
 * Brackets inside brackets. The engine's parser recurses on its 1 MiB stack and traps from about 120 on; a trap
 * ends the engine for all policies, so text is measured before the engine sees it.
 */
export const BRACKETS_MAX_DEPTH = 40;

/** Tokens of one policy but for strings and commas: an allow-list may be long, a chain of operators may not. */
export const STATEMENT_MAX_TOKENS = 1_000;

/** Nesting of one expression as parsed (`a && b && c` nests twice). The evaluator traps from about 400 on. */
export const EXPRESSION_MAX_DEPTH = 120;

/** Nesting that the engine still takes in JSON form (its reader stops at 128 levels, two per operator). */
export const JSON_EXPRESSION_MAX_DEPTH = 40;

/** Decisions remembered, over both generations. About 400 bytes each. */
export const REMEMBERED_MAX_ENTRIES = 10_000;

/** Longest key of a remembered decision: a resource's URI comes from a client and may be megabytes. */
export const REMEMBERED_KEY_MAX_CHARACTERS = 512;

/** Policy sets kept ready in the engine. Requests that match the same policies share one. */
export const PREPARED_SETS_MAX = 256;

/** Policies in all prepared sets together, about 10 KiB each in the engine's memory. */
export const PREPARED_POLICIES_MAX = 5_000;

/** Values in the arguments that policies read. */
export const ARGUMENT_VALUES_MAX = 10_000;

/** Characters of all texts in the arguments that policies read. */
export const ARGUMENT_TEXT_MAX_CHARACTERS = 1024 * 1024;

/** Nesting of the arguments that policies read; the engine's JSON reader stops at 128 with its own levels. */
export const ARGUMENT_MAX_DEPTH = 32;

/** Different sets of policies that questions match, known at once. A set is a list of references. */
export const SLICES_MAX = 2_000;

/** Places of one input schema that are read for checking policies; what is beyond is taken for open. */
export const SHAPE_VALUES_MAX = 5_000;

/** Different types of the arguments that one policy reads, over the tools in its scope; the others are not type-checked. */
export const ARGUMENT_TYPINGS_MAX = 20;

/** Type checks remembered: most have no problems and are a digest. */
export const TYPE_CHECKS_MAX = 2_000;
