/** Bounds of the command line. Units are last in the names. */

/** How long a request to the API may take: an apply of thousands of documents takes seconds, never this long. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** How often `audit entries --follow` looks whether the log has grown. */
export const FOLLOW_INTERVAL_MS = 1_000;

/** Items asked for at a time when a command lists everything. */
export const PAGE_ITEMS = 499;

/** A clock further off makes short-lived certificates and leases fail, and times in the log hard to compare. */
export const CLOCK_OFFSET_MAX_MS = 5_000;

/** Entries in one file of an export: some 60 MB, which editors and mail still take. */
export const EXPORT_FILE_ENTRIES = 100_000;

/** How often long work says how far it is. */
export const PROGRESS_INTERVAL_MS = 2_000;

/** How often it is looked at whether the gateway has exported a month. */
export const EXPORT_LOOK_MS = 200;

/** Entries in a row group of a Parquet file: some 10 MB before they are packed. */
export const PARQUET_ROW_GROUP = 10_000;
