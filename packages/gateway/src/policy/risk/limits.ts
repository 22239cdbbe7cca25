/** Bounds of the risk readers, each with its reason. What is beyond one has the highest risk. */

/** One SQL text. Parsing takes about 40 µs per KiB and the tree is twenty times as large as the text. */
export const SQL_MAX_CHARACTERS = 64 * 1024;

/** Nesting of one SQL expression. The grammar's WASM instance breaks between 3,000 and 10,000. */
export const SQL_MAX_DEPTH = 1_000;

/** Rows that a person or a model may read at once; a larger LIMIT is none. */
export const SQL_BULK_ROWS = 1_000;

/** One shell text. A longer one is a program. */
export const SHELL_MAX_CHARACTERS = 16 * 1024;

/** Nesting of one shell text. The grammar runs out of stack between 400 and 800 substitutions. */
export const SHELL_MAX_DEPTH = 100;

/** Shells inside shells (`bash -c "sh -c …"`) that are read. */
export const SHELL_MAX_SHELLS = 3;

/** One path: Linux refuses longer ones. */
export const PATH_MAX_CHARACTERS = 4_096;

/** Percent-decoding of one path or host, one inside another: `%25252e` is seen through, an endless one is not. */
export const DECODINGS_MAX = 4;

/** One URL, as long as browsers and servers take. */
export const URL_MAX_CHARACTERS = 8_192;

/** Values that one reader reads of one call; more have the highest risk. */
export const RISK_VALUES_MAX = 1_000;

/** Characters that one reader reads of one call, over all values: 10 ms of parsing. */
export const RISK_TEXT_MAX_CHARACTERS = 256 * 1024;

/** Lists inside lists that a declared argument is taken apart from; what is left is not of its form. */
export const LISTS_MAX_DEPTH = 4;
