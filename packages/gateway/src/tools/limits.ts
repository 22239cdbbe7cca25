/** The tools room's bounds, each with its reason. Units are last in the names. */

/** Tools of one server that are known. One that shows more is not one that a person could review. */
export const TOOLS_PER_SERVER_MAX = 1_000;

/** One definition in canonical form. The largest seen in public servers are below 40 KiB. */
export const DEFINITION_MAX_BYTES = 256 * 1024;

/** Rejected definitions remembered of one tool; the oldest is forgotten, and would be reviewed again. */
export const REJECTED_MAX = 50;

/** New definitions of one server that are kept in an hour: a server that makes them up must not fill the database. */
export const NEW_DEFINITIONS_PER_HOUR_MAX = 3_000;

/** Digests of raw definitions that are remembered, so that a list that has not changed is hashed and not parsed. */
export const DIGESTS_REMEMBERED_MAX = 10_000;

/** Tools that one entry of the log names. */
export const TOOLS_PER_ENTRY_MAX = 50;

/** How often each server is asked for its tools beside the occasions: drift is found within this time. */
export const ASK_EVERY_MS = 10 * 60_000;

/** After a question that had no list for an answer. */
export const ASK_AGAIN_MS = 30_000;

/** Least time between two questions to one server: `list_changed` may come in bursts. */
export const ASK_GAP_MS = 2_000;

/** How long a first call waits for the first question to its server: as long as it waits for the first probe. */
export const FIRST_ANSWER_WAIT_MS = 10_000;

/** How often it is looked whether a question is due. */
export const TICK_MS = 5_000;

/** Places of a difference that are shown. A definition that differs in more is another tool. */
export const DIFFERENCES_MAX = 500;

/** Marks on one definition; the reviewer has seen enough by then. */
export const MARKS_MAX = 50;

/** Text of a definition that a mark quotes. */
export const QUOTE_MAX_CHARS = 160;

/** A pattern in a schema. */
export const PATTERN_MAX_CHARS = 4_000;

/** One input schema: the largest seen in public servers are a tenth of it. */
export const SCHEMA_MAX_BYTES = 128 * 1024;

/** Levels of objects and arrays in an input schema; compiling recurses. */
export const SCHEMA_MAX_DEPTH = 48;

/** What a schema of somebody else's may take of our only thread. */
export const TIME_MAX_MS = { compile: 1_000, validate: 50 } as const;

/** Compiled schemas that are remembered: some 20 KiB each. */
export const SCHEMAS_REMEMBERED_MAX = 1_000;

/** Schemas that one compiler compiles before another takes its place. */
export const SCHEMAS_PER_COMPILER_MAX = 100;

/** Input schemas that are remembered for policies to be checked against, about 2 KiB each; read anew beyond it. */
export const KNOWN_SCHEMAS_MAX = 5_000;

/** Levels of objects in objects where arguments are guessed; people declare deeper ones by hand. */
export const GUESS_MAX_DEPTH = 4;

/** Guesses for one tool; one with more is not declared argument by argument. */
export const GUESSES_MAX = 50;

/** Text of a description that is read for guesses. */
export const GUESS_TEXT_MAX_CHARS = 4_000;
