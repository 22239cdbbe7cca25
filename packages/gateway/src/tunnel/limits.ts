/** Bounds of the tunnel room. What both ends must agree on is in @sallyport/shared/limits. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Life of the authority. Longer than a deployment's machines; replacing it means enrolling every agent again. */
export const AUTHORITY_LIFETIME_MS = 10 * 365 * DAY;

/** Life of the server's certificate: its key is never stored, so it is short only to keep the habit of renewal. */
export const SERVER_CERTIFICATE_LIFETIME_MS = 30 * DAY;

/** Life of an agent's certificate: a stolen key that is not renewed is worth a day. */
export const AGENT_CERTIFICATE_LIFETIME_MS = DAY;

/** Certificates start this much earlier, so that a machine whose clock is a little slow accepts them. */
export const CERTIFICATE_BACKDATE_MS = 5 * MINUTE;

/** Longest wait for the first message of a stream that has been opened. */
export const HELLO_MAX_MS = 10 * SECOND;

/** A clock further off than this is worth a warning: certificates and grants are about to misbehave. */
export const CLOCK_OFFSET_WARN_MS = MINUTE;

/** A connection must have shown a good certificate, or be done enrolling, by then. Covers slow handshakes too. */
export const UNAUTHENTICATED_MAX_MS = 20 * SECOND;

/** Connections without a certificate yet, from one address: enough for a site's agents that return all at once. */
export const UNAUTHENTICATED_PER_SOURCE_MAX = 64;

/** The same from all addresses; each may cost a TLS handshake and a few tens of kilobytes. */
export const UNAUTHENTICATED_MAX = 512;

/** Connections in all: a descriptor each, and Node's default limit of descriptors is far above. */
export const CONNECTIONS_MAX = 4096;

/** An authenticated connection without any stream is closed after this. */
export const CONNECTION_IDLE_MS = 5 * MINUTE;

/** Streams on one connection: one per session, and an agent that serves more belongs on two machines. */
export const STREAMS_PER_CONNECTION_MAX = 4096;

/** All headers of one gRPC request; a client sends about 300 bytes. */
export const HEADERS_MAX_BYTES = 8 * 1024;

/** Resets an agent may send at once and then per second (CVE-2023-44487). Every cancelled channel is one. */
export const STREAM_RESETS_BURST = 5000;
export const STREAM_RESETS_PER_SECOND = 500;

/** HTTP/2 pings: a dead path is noticed within the lease. */
export const KEEPALIVE_MS = 8 * SECOND;
export const KEEPALIVE_TIMEOUT_MS = 5 * SECOND;

/** Channels asked for and not there yet, for one agent: starting a server is costly at the agent. */
export const PENDING_OPENS_MAX = 256;

/** How often leases and certificates of all tunnels are looked at. */
export const SUPERVISION_MS = SECOND;

/** Control messages of one agent between two ticks of a second: far above an honest agent's busiest moment. */
export const CONTROL_MESSAGES_PER_TICK_MAX = 5000;

/** Control messages an agent has not read: it reads none. Leases alone would take half an hour to get there. */
export const CONTROL_BACKLOG_MAX = 2048;

/** How long an ended channel may take to go away when the agent was not reading it, before the tunnel is cut. */
export const CHANNEL_END_MAX_MS = 4 * SECOND;

/** After a renewal the agent gets this long to put the certificate in its place before it is asked to use it. */
export const MOVE_AFTER_RENEWAL_MS = 2 * SECOND;

/** A tunnel that the same agent process has replaced must answer a lease within this, or it is dead. */
export const SUPERSEDED_ANSWER_MAX_MS = 3 * SECOND;

/** How long a tunnel that has been told to go may take to read so before its socket is closed. */
export const DISMISSAL_MS = SECOND;

/** How often revocations by other replicas are looked up: the last byte stops within 5 s (DESIGN.md §5). */
export const REVOCATION_POLL_MS = 2500;

/** Servers in an inventory, and characters of any text in it. */
export const INVENTORY_SERVERS_MAX = 1000;
export const AGENT_TEXT_MAX_CHARS = 300;

/** Largest certificate signing request: an RSA-8192 one has 2 KiB. */
export const CSR_MAX_BYTES = 8 * 1024;

/** RSA below is weak; above costs the gateway time to verify. */
export const RSA_MIN_BITS = 3072;
export const RSA_MAX_BITS = 8192;

/** Failed tries to enrol or to come in, per source and window. The secret has 256 bits: this is against load. */
export const FAILURES_PER_SOURCE_MAX = 20;
export const FAILURE_WINDOW_MS = MINUTE;

/** Sources remembered at once; the oldest is forgotten first. */
export const SOURCES_MAX = 10_000;

/** Longest life of an enrolment token: it is for today's installation. */
export const ENROLMENT_TOKEN_MAX_MS = 30 * DAY;

/** Definitions of all tools of one server; what an agent sends at most, with room. */
export const TOOL_DEFINITIONS_MAX_BYTES = 5 * 1024 * 1024;
