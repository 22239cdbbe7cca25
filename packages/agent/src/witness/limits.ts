/** A proof of 63 hashes and a note of 64 signatures have 12 KiB. */
export const WITNESS_REQUEST_MAX_BYTES = 65_536;

/** A log sends its request whole; who does not is no log. */
export const WITNESS_REQUEST_MAX_MS = 10_000;
