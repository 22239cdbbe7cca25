/**
 * Bounds that both ends must agree on. Each end's own bounds are in its own limits.ts.
 * Units are last in the names.
 */

/** Largest message from a client to a server. 4 MiB is what SDK servers take over HTTP (MCP.md, Pitfalls). */
export const MESSAGE_TO_SERVER_MAX_BYTES = 4 * 1024 * 1024;

/** Largest message from a server to a client: a 16 MiB result with room for its envelope and escapes. */
export const MESSAGE_FROM_SERVER_MAX_BYTES = 17 * 1024 * 1024;

/** Part of a message in one tunnel frame. Small enough that sessions on one tunnel take turns fairly. */
export const FRAME_PAYLOAD_MAX_BYTES = 256 * 1024;

/** Largest gRPC message accepted, payload and fields: a peer that sends more is broken or hostile. */
export const FRAME_MAX_BYTES = 512 * 1024;

/** Deepest nesting of JSON. Deeper input has no use and breaks recursive readers (THREATS.md). */
export const JSON_MAX_DEPTH = 64;

/** How long an agent may serve without hearing from the gateway (DESIGN.md §5: 15 s or less). */
export const LEASE_MS = 15_000;

/** How often the gateway renews the lease: two renewals may be lost before it ends. */
export const LEASE_RENEWAL_MS = 4_000;
