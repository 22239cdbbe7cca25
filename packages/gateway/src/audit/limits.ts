/** The audit room's bounds. Units are last in the names. */

/** Rows of one flush. At 100 a flush costs twice what one row costs; beyond 500 the latency grows with the rows. */
export const FLUSH_MAX_ENTRIES = 500;

/** Bytes of leaves in one flush: a commit of 1 MiB still is a matter of milliseconds. */
export const FLUSH_MAX_BYTES = 1_048_576;

/** Entries that may wait for a flush: at a few thousand a second, what a caller would be willing to wait. */
export const QUEUE_MAX_ENTRIES = 10_000;
export const QUEUE_MAX_BYTES = 16 * 1_048_576;

/** Outcomes may use this much more of the queue: each closes an intent that was taken already. */
export const QUEUE_ENDINGS_FACTOR = 2;

/** Largest leaf. An entry holds names, digests and codes; bodies are stored apart. */
export const LEAF_MAX_BYTES = 262_144;

/** A flush that is not confirmed by then counts as unconfirmed: Postgres gives up, then we do. */
export const FLUSH_MAX_MS = 8_000;
export const CONNECTION_MAX_MS = 10_000;

/** Waits between attempts to take the log up again. */
export const RECOVER_FIRST_MS = 100;
export const RECOVER_MAX_MS = 3_000;

/** How long a start waits for a slot whose earlier owner's connection has not ended yet. */
export const SLOT_WAIT_MS = 10_000;

/** Without a given slot: how long a slot that has a log is tried before the next one, and how many there may be. */
export const SLOT_PREFER_MS = 2_000;
export const SLOTS_MAX = 64;

/** Calls remembered as settled by us, so that a late outcome cannot become a second ending. */
export const SETTLED_MAX_CALLS = 100_000;

/** Entries a search returns at most. */
export const SEARCH_MAX_ENTRIES = 500;

/** Between checkpoints while the log grows: with the time it takes to make one, every entry is signed within 1 s. */
export const CHECKPOINT_CHANGE_MS = 900;

/** Between checkpoints of a log that does not grow: silence is signed, too (AUDIT.md, Checkpoints). */
export const CHECKPOINT_IDLE_MS = 58_000;

/** After a checkpoint could not be made: a refusal stays one until somebody acts, so asking more often is no use. */
export const CHECKPOINT_RETRY_MS = 5_000;

/** Longer between two checkpoints is a gap, which is recorded: one that was due 60 s after the last is missing. */
export const CHECKPOINT_GAP_MS = 90_000;

/** How long calls go on without a checkpoint when nothing else is configured (AUDIT.md, When it fails). */
export const SIGNER_GRACE_MS = 5 * 60_000;

/** How long a signer's process may take to answer, and how long a start waits for it to be there. */
export const SIGNER_ANSWER_MAX_MS = 5_000;
export const SIGNER_START_MAX_MS = 10_000;

/** The gateway's time must be the signer's own within this: else whoever has the gateway could date checkpoints. */
export const SIGNER_CLOCK_MAX_MS = 5 * 60_000;

/** A request to the signer: a head and a proof of 63 hashes; and what it answers: a note. */
export const SIGNER_MESSAGE_MAX_BYTES = 65_536;

/** The last checkpoint of a stop: a database that has gone must not hold the process. */
export const LAST_CHECKPOINT_MAX_MS = 3_000;

/** Bytes and entries of one page of leaves: a page is held in memory at both ends. */
export const PAGE_MAX_BYTES = 4 * 1_048_576;
export const PAGE_MAX_LEAVES = 5_000;
export const PAGE_MAX_CHECKPOINTS = 5_000;

/** Largest body that is kept: an answer of 16 MiB says in an entry what it was by its digest. */
export const BODY_MAX_BYTES = 262_144;

/** Largest exact request that is sealed: the largest that a client may send. */
export const ORIGINAL_MAX_BYTES = 4 * 1_048_576;

/** Digests of bodies that were kept lately, so that the same list is not written with every call. */
export const BODIES_REMEMBERED = 4_096;

/** How early the next period's key is made, and how often that is looked at. */
export const PERIOD_AHEAD_MS = 3 * 24 * 60 * 60_000;
export const PERIOD_KEYS_LOOK_MS = 60 * 60_000;

/** Entries that one shred may reach: more is a matter of retention. */
export const SHRED_MAX_ENTRIES = 100_000;

/** A witness is asked at most this often: what is covered is at most this much older, and a row is kept for each. */
export const AGENT_WITNESS_EVERY_MS = 5_000;
export const HTTPS_WITNESS_EVERY_MS = 10_000;

/** How long a witness may take to answer; the next checkpoint is a minute away at most. */
export const WITNESS_ANSWER_MAX_MS = 10_000;

/** After a witness could not be asked, or refused. */
export const WITNESS_RETRY_MS = 15_000;

/** How long calls go on without a quorum of witnesses, or an anchor, when nothing else is configured (AUDIT.md). */
export const WITNESS_AGE_MAX_MS = 15 * 60_000;

/** How often it is looked at whether witnesses are overdue. */
export const WITNESS_WATCH_MS = 5_000;

/** What an export waits for, so that its last checkpoint is countersigned. */
export const WITNESS_SETTLE_MS = 3_000;

/** A policy of a hundred witnesses has 20 KB. */
export const POLICY_MAX_BYTES = 262_144;

/** What is kept of a witness's words. */
export const WITNESS_WORDS_MAX_CHARS = 1_000;

/** Longest checkpoint that a witness may give as its own. */
export const HELD_MAX_CHARS = 16_384;

/** Cosignatures in one page: a line has 200 bytes. */
export const PAGE_MAX_COSIGNATURES = 5_000;

/** Conflicts that are shown and exported: one is a case for an examiner. */
export const CONFLICTS_MAX = 1_000;

/** What is read of an answer to a request of ours: cosignatures, a time stamp, an object store's error. */
export const OUTBOUND_ANSWER_MAX_BYTES = 262_144;

/** How often a checkpoint is anchored (AUDIT.md), and how old the last may be before it is an alarm. */
export const ANCHOR_EVERY_MS = 3_600_000;
export const ANCHOR_AGE_MAX_MS = 2 * 3_600_000;

/** How often it is looked at whether an anchor is due, and when one that failed is tried again. */
export const ANCHOR_WATCH_MS = 10_000;
export const ANCHOR_RETRY_MS = 60_000;

/** How long an object store or an authority may take. */
export const ANCHOR_ANSWER_MAX_MS = 30_000;

/** Entries in one summary for searching: a page is read in a few milliseconds, and a million have 4,000 summaries. */
export const BLOCK_ENTRIES = 256;

/** How often what was recorded is prepared for searching. */
export const SUMMARISE_EVERY_MS = 2_000;

/** Different words of one body, and of the bodies of one block, that are prepared. */
export const TEXT_WORDS_MAX = 2_000;
export const SUMMARY_TEXT_TERMS_MAX = 20_000;

/** Blocks read in one query, and in one page at most: 16,384 entries, some 60 ms. */
export const SEARCH_BLOCKS_AT_ONCE = 8;
export const SEARCH_BLOCKS_MAX = 64;

/** How long a connection must hold after a batch before it counts as handed over: a broken one is noticed sooner. */
export const FORWARD_CONFIRM_MS = 5_000;

/** How often it is looked at whether there is something to forward. */
export const FORWARD_TICK_MS = 250;

export const FORWARD_CONNECT_MAX_MS = 10_000;
export const FORWARD_RETRY_MIN_MS = 500;
export const FORWARD_RETRY_MAX_MS = 30_000;

/** What a stop waits for, so that what was sent arrives. */
export const FORWARD_STOP_MAX_MS = 3_000;

/** Free shares of the embedded database's disk: an alarm, its end, and no new calls (AUDIT.md, When it fails). */
export const DISK_LOW_SHARE = 0.1;
export const DISK_WELL_SHARE = 0.12;
export const DISK_REFUSE_SHARE = 0.02;

/** How often it is looked at: at 20,000 entries/s, 10 s are 200 MB. */
export const DISK_LOOK_MS = 10_000;

/** Months that have their partitions ahead of time, this one among them; an entry of a later one goes to the rest. */
export const MONTHS_MADE = 3;

/** How often it is looked at whether months must be made, and when that is tried again where it failed. */
export const MONTHS_LOOK_MS = 60 * 60_000;
export const MONTHS_RETRY_MS = 30_000;

/** Entries in one file of a month's export, as in any export: some 60 MB. */
export const RETENTION_FILE_ENTRIES = 100_000;

/** Bodies, originals and anchors that are read at a time: a page of the largest takes some hundred MB. */
export const RETENTION_PAGE_ITEMS = 100;

/** How often a drop is tried, and how long it waits between: a search may hold its tables for as long. */
export const DROP_TRIES = 20;
export const DROP_RETRY_MS = 500;
