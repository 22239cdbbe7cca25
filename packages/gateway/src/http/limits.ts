/** Bounds of the front door. */

/** Time for a client to send its headers (THREATS.md, slowloris). */
export const HEADERS_TIMEOUT_MS = 10_000;

/** Time for a client to send a whole request. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Bytes of all headers of a request. */
export const HEADERS_MAX_BYTES = 16 * 1024;

/** An idle keep-alive connection is closed after this; longer than the usual proxy's, so that the proxy closes first. */
export const KEEP_ALIVE_MS = 75_000;

/** Open connections. Beyond it new ones wait in the kernel's queue. */
export const CONNECTIONS_MAX = 10_000;

/** A call that has no answer yet begins its stream after this, so that proxies and people see it lives. */
export const STREAM_AFTER_MS = 2_000;

/** A stream that is silent for this long gets a comment (MCP.md, Pitfalls: every 15 s). */
export const KEEP_ALIVE_COMMENT_MS = 15_000;

/** How often open answers are looked at. One timer for all. */
export const TICK_MS = 1_000;
