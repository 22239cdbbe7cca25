/**
 * The agent's own bounds, each with its reason. What both ends must agree on is in @sallyport/shared/limits.
 * Units are last in the names.
 */

// ---- sessions ----

/** Sessions at one agent unless agent.yaml says otherwise: about 30 MB of server process each fills a 32 GB host. */
export const SESSIONS_MAX = 1_000;

/** Messages kept for a session whose channel is away. A client that comes back finds what it just missed. */
export const DETACHED_MESSAGES_MAX = 256;

/** Bytes kept for a session whose channel is away: 1,000 such sessions hold no more than 1 GiB. */
export const DETACHED_BYTES_MAX = 1024 * 1024;

/** A session nobody came back to ends after this: the gateway's own idle limit is 15 min, so this only mops up. */
export const DETACHED_MS_MAX = 20 * 60_000;

/** Parts of large messages in flight on one channel: 1 MiB keeps the wire busy and one slow reader cheap. */
export const PARTS_IN_FLIGHT_MAX = 4;

/** How long a channel's last frames may take to leave once its session is over. */
export const CHANNEL_END_MS = 5_000;

// ---- tunnel ----

/** First wait before a new attempt to attach. Full jitter, so a gateway's restart is not met by all agents at once. */
export const RECONNECT_MIN_MS = 200;

/** Longest wait: an outage ends for this agent at most this long after it ended for the network. */
export const RECONNECT_MAX_MS = 5_000;

/** A tunnel that lived this long proves the gateway healthy: the next wait starts from the shortest again. */
export const RECONNECT_HEALTHY_MS = 10_000;

/** Waits after a refusal: a person has to act first, so asking more often only fills logs. */
export const REFUSED_MIN_MS = 15_000;
export const REFUSED_MAX_MS = 5 * 60_000;

/** From dialling to Welcome. A black hole in the network must not hold an attempt for TCP's own two minutes. */
export const ATTACH_TIMEOUT_MS = 10_000;

/** HTTP/2 pings: below the 30 s at which the meanest firewalls drop an idle flow. */
export const KEEPALIVE_TIME_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;

/** HTTP/2 receive window of one channel: what may wait here for a server that does not read. */
export const CHANNEL_WINDOW_BYTES = 256 * 1024;

/** Tunnels at most, so that a wrong list of replicas cannot make the agent dial the world. */
export const TUNNELS_MAX = 8;

/** Longest lease honoured, whatever the gateway grants (DESIGN.md §5). */
export const LEASE_MS_MAX = 15_000;

/** How long calls in flight may go on after SIGTERM. Orchestrators kill after 30 s; servers need 4.5 s of it to end. */
export const DRAIN_MS = 10_000;

/** A drain looks this often whether the channels have gone quiet. */
export const DRAIN_POLL_MS = 200;

// ---- enrolment ----

/** Time limit of one call to Enroll or Renew, and of fetching the gateway's certificate chain. */
export const ENROL_TIMEOUT_MS = 10_000;

/** Part of a certificate's life after which it is renewed: a third is left for an outage. */
export const RENEW_AT_LIFE_FRACTION = 2 / 3;

/** Waits between attempts to renew. */
export const RENEW_RETRY_MIN_MS = 5_000;
export const RENEW_RETRY_MAX_MS = 5 * 60_000;

/** Longest single timer; longer waits are looked at again (a timer overflows after 24 days). */
export const TIMER_MAX_MS = 60 * 60_000;

/** Clocks further apart than this make certificates look not yet or no longer valid. */
export const CLOCK_DIFFERENCE_MAX_MS = 60_000;

// ---- stdio servers ----

/** After stdin has closed a well-behaved server exits; then it is asked; then it is made to (MCP: stdio shutdown). */
export const STDIN_CLOSE_MS = 1_500;
export const TERM_MS = 3_000;

/** A revoked session is asked at once and has this long: with the lease's end it stays within 5 s (DESIGN.md §5). */
export const URGENT_TERM_MS = 1_000;

/** After a process has exited something else may still hold its stdout: don't wait longer for the last lines. */
export const STDOUT_LINGER_MS = 2_000;

/** Longest line of stderr that is logged, in bytes, and lines a second per process: a log is not a disk filler. */
export const STDERR_LINE_MAX_BYTES = 1_024;
export const STDERR_LINES_PER_SECOND = 20;
export const STDERR_BURST_LINES = 100;

/** A process that dies within this time without a message has failed to start. */
export const START_HEALTHY_MS = 10_000;

/** Failed starts in a row before new sessions are refused for a while, and how long that is. */
export const START_FAILURES_BEFORE_BACKOFF = 3;
export const START_BACKOFF_MIN_MS = 1_000;
export const START_BACKOFF_MAX_MS = 30_000;

// ---- HTTP servers ----

/** Requests in flight of one session; more is a client gone wild. They never pause the channel: a cancel must pass. */
export const EXCHANGES_PER_SESSION_MAX = 256;

/** Bytes of requests that are not sent yet, per session: two of the largest messages. */
export const UNSENT_BYTES_MAX = 8 * 1024 * 1024;

/** Body of an HTTP error that is passed on. */
export const ERROR_BODY_MAX_BYTES = 1024 * 1024;

/** To reach the server. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Until the answer's headers: as long as a tool may take that answers without a stream. */
export const HEADERS_TIMEOUT_MS = 10 * 60_000;

/** A stream that goes on after its answer is cut after this (Streamable HTTP: the server should close it). */
export const ANSWERED_LINGER_MS = 10_000;

/** Waits before a broken stream is resumed: the server's own `retry` counts within these. */
export const RESUME_RETRY_DEFAULT_MS = 1_000;
export const RESUME_RETRY_MAX_MS = 60_000;

/** Attempts in a row to resume a stream without one event in between. */
export const RESUME_ATTEMPTS_MAX = 5;

/** Longest event id that is kept and sent back as a header. */
export const EVENT_ID_MAX_BYTES = 1_024;

/** Longest session id of a server that is kept and sent back as a header. */
export const SERVER_SESSION_ID_MAX_BYTES = 1_024;

/** DELETE at the end of a session is a courtesy. */
export const DELETE_TIMEOUT_MS = 3_000;

// ---- probe, configuration, credentials ----

/** One probe of one era. */
export const PROBE_TIMEOUT_MS = 10_000;

/** Servers probed at a time: a probe starts processes. */
export const PROBES_AT_ONCE = 2;

/** Waits before a server with a problem is probed again. */
export const PROBE_RETRY_MIN_MS = 5_000;
export const PROBE_RETRY_MAX_MS = 5 * 60_000;

/** Configuration is read anew this often even if the file system said nothing (NFS, mounted config maps). */
export const CONFIG_POLL_MS = 2_000;

/** A burst of writes to the file is taken up as one change. */
export const CONFIG_SETTLE_MS = 100;

/** Largest agent.yaml. */
export const CONFIG_MAX_BYTES = 1024 * 1024;

/** Largest credential in a file. */
export const CREDENTIAL_MAX_BYTES = 64 * 1024;

// ---- masking ----

/** Largest document of masking rules: what the gateway's own bound lets into one, as UTF-8. */
export const RULES_DOCUMENT_MAX_BYTES = 32 * 1024 * 1024;

/** Values behind tokens that are kept: 200 MB of memory. Beyond it an answer that needs another is withheld. */
export const VAULT_TOKENS_MAX = 500_000;

/** How long a message waits for the rules it was decided with: they come on the tunnel's other stream. */
export const RULES_WAIT_MS = 5_000;

/** Requests of one session whose scope is remembered; an older one's answer is masked by the rules of all tools. */
export const SCOPES_MAX = 4_096;

// ---- analysers ----

/** Texts of one message that analysers read, together. A larger message is withheld: reading it would take minutes. */
export const ANALYSED_MAX_CHARACTERS = 1024 * 1024;

/** One request to an analyser: what a language model reads in well under a second. */
export const ANALYSER_BATCH_MAX_TEXTS = 64;
export const ANALYSER_BATCH_MAX_CHARACTERS = 64 * 1024;

/** Requests to one analyser at a time; an analyser has few workers, and more only wait there instead of here. */
export const ANALYSER_REQUESTS_MAX = 4;

/** Requests that wait for their turn at one analyser. Beyond them it is too slow for its servers: withhold at once. */
export const ANALYSER_WAITING_MAX = 1_000;

/** What an analyser may take for one message, unless its owner says otherwise, and at most. */
export const ANALYSER_TIMEOUT_MS = 5_000;
export const ANALYSER_TIMEOUT_MAX_MS = 60_000;

/** An analyser's answer: some 100 bytes a finding. */
export const ANALYSER_ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/** Memory of a plug-in unless its owner says otherwise, and at most. */
export const PLUGIN_MEMORY_MB = 512;
export const PLUGIN_MEMORY_MAX_MB = 64 * 1024;

/** Messages of a session that wait for an analysis or a receipt. Beyond them their source is not read on. */
export const TURNS_BEFORE_PAUSE = 16;

// ---- receipts ----

/** Calls whose repetition is noticed for certain; 64 bits each, in two generations. */
export const RECEIPTS_SEEN_MIN = 65_536;

/** A file of receipts: some 15,000 calls. */
export const RECEIPTS_SEGMENT_BYTES = 4 * 1024 * 1024;

/** Receipts that the gateway has got are kept up to this, for whoever asks again. */
export const RECEIPTS_KEPT_BYTES = 64 * 1024 * 1024;

/** Receipts that the gateway has not got. Beyond it no call is executed: millions that nobody has asked after. */
export const RECEIPTS_UNHEARD_BYTES = 1024 * 1024 * 1024;

/** Of one page for the gateway: a quarter of the largest message that the tunnel takes. */
export const RECEIPTS_PAGE_BYTES = 128 * 1024;
// ---- definitions of tools ----

/** All pages of one server's list of tools, from its start to its last answer. */
export const LIST_TIMEOUT_MS = 20_000;

/** Pages of a list of tools. Servers known today have one; hundreds are a server that never ends. */
export const TOOL_PAGES_MAX = 100;

/** Definitions of all tools of one server: two thousand of 2 KiB each. */
export const DEFINITIONS_MAX_BYTES = 4 * 1024 * 1024;

/** Servers asked for their tools at a time: each is a process that starts. */
export const LISTS_AT_ONCE = 2;

/** Questions for tools that wait: one for each server that an agent may reasonably have. */
export const LISTS_WAITING_MAX = 1_000;
