/** Bounds of the masking engine. Units are last in the names. */

/** Deepest nesting of one JSON document; the message itself has been held to 64 before it comes here. */
export const DOCUMENT_MAX_DEPTH = 96;

/** How often text may be packed into text: JSON in a string in a string, base64 of base64 (issue 5: depth 2, and one for the string that holds it). */
export const NESTING_MAX_DEPTH = 4;

/** Depth of base64, hexadecimal and gzip that is unpacked. */
export const ENCODING_MAX_DEPTH = 2;

/** Largest text that a packed value may unpack to: what a message may hold. More is refused, not passed. */
export const UNPACKED_MAX_BYTES = 16 * 1024 * 1024;

/** Shortest base64 run that can hold a value worth masking: 12 characters are 9 bytes, an SSN without dashes. */
export const BASE64_MIN_CHARS = 12;

/** Shortest hexadecimal run, likewise: 9 bytes. */
export const HEX_MIN_CHARS = 18;

/** How far back a candidate looks for a word that says what it is. Longer phrases name something else. */
export const CONTEXT_WINDOW_BYTES = 72;

/** Words of no meaning for us that may stand between a context word and its value: "card that I lost 4111…". */
export const CONTEXT_GAP_WORDS = 2;

/** Words a look-back reads at most, so that a candidate costs a constant. */
export const CONTEXT_MAX_WORDS = 9;

/** Digit groups of one cluster that are weighed together; the next cluster overlaps by a PAN's longest grouping. */
export const CLUSTER_MAX_GROUPS = 32;

/** Digits of one cluster, likewise. */
export const CLUSTER_MAX_DIGITS = 64;

/** Longest e-mail local part and domain (RFC 5321 §4.5.3.1). */
export const EMAIL_LOCAL_MAX_BYTES = 64;
export const EMAIL_DOMAIN_MAX_BYTES = 255;

/** Longest token or key in one line (JWTs with many claims reach this). */
export const TOKEN_MAX_BYTES = 8 * 1024;

/** Longest password taken by assignment. */
export const PASSWORD_MAX_BYTES = 256;

/** Longest private key between its BEGIN and END lines. RSA 8192 is 6.5 KB. A longer one is masked to the text's end. */
export const PRIVATE_KEY_MAX_BYTES = 16 * 1024;

/** Text kept from one block to the next to find values split between them: longer than any split value and its context. */
export const JOIN_WINDOW_BYTES = 128;

/** Hold-back of the stream masker: text that may still be the start of a finding (longest: a private key). */
export const STREAM_WINDOW_BYTES = PRIVATE_KEY_MAX_BYTES + JOIN_WINDOW_BYTES;

/** Messages held back at most: a server that sends a digit a message must not fill the memory. */
export const STREAM_MAX_MESSAGES = 256;

/** Bytes of held messages at most. */
export const STREAM_MAX_BYTES = 4 * 1024 * 1024;

/** Values found by context that are remembered in one message, to mask them where the context is missing. */
export const REMEMBERED_MAX_VALUES = 1024;

/** Candidates without context that are remembered for the same reason. */
export const REMEMBERED_MAX_CANDIDATES = 8192;

/** Scanned bytes between two questions to the caller's budget. */
export const BUDGET_STEP_BYTES = 64 * 1024;

/** Lines in which the head of a table is looked for, and the columns it may have. */
export const TABLE_MAX_COLUMNS = 512;

/** Customer rules: sizes that keep compiled plans small. */
export const PATTERN_MAX_CHARS = 2_000;
export const PATTERN_MAX_PROGRAM = 20_000;
export const DICTIONARY_MAX_TERMS = 100_000;
export const DICTIONARY_TERM_MAX_BYTES = 256;
export const RULES_MAX = 500;

/** Scratch is kept for the next message only after messages up to this size, so that one large answer is not held for ever. */
export const SCRATCH_MAX_BYTES = 1024 * 1024;

/** Remembered classifications of object keys in one plan. */
export const KEY_CACHE_SLOTS = 2048;
export const KEY_CACHE_MAX_BYTES = 64;

/** Texts up to this size are checked for JSON's grammar before they are walked; larger ones are walked on trust, with an undo. */
export const DOCUMENT_CHECK_BYTES = 8 * 1024;
