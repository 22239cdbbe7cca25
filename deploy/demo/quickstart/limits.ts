/** Bounds of the quick start, each with its reason. */

/** A cold gateway makes a Postgres cluster and migrates it; on a slow disk that is most of this. */
export const GATEWAY_READY_MS = 90_000;
/** The agent enrols, attaches and probes four servers, two processes at a time. */
export const AGENT_READY_MS = 60_000;
export const BANK_READY_MS = 20_000;
/** The bootstrap token is written before the gateway listens; a little grace costs nothing. */
export const BOOTSTRAP_WAIT_MS = 5_000;
export const POLL_MS = 100;
export const REQUEST_TIMEOUT_MS = 15_000;
/** Asking who holds a busy port; it may be anything, also something that never answers. */
export const PORT_QUESTION_MS = 1_000;
/** What an earlier start that was killed may need to end its own processes. */
export const EARLIER_START_WAIT_MS = 20_000;

/** Tokens of the four service accounts, and how long before their end they are made anew. */
export const TOKEN_SECONDS = 30 * 86_400;
export const TOKEN_RENEW_BEFORE_MS = 3 * 86_400_000;
export const ENROLMENT_TOKEN_SECONDS = 600;

/** Stopping takes 15 s at most: agent and bank together, then the gateway, which stops Postgres, then what is left. */
export const STOP_AGENT_MS = 4_500;
export const STOP_GATEWAY_MS = 7_000;
export const STOP_POSTGRES_MS = 1_500;
/** One Ctrl-C may reach us twice (terminal and package manager); a later one means hurry. */
export const HURRY_AFTER_MS = 700;

/** Starting a dead process again. */
export const RESTART_MIN_MS = 1_000;
export const RESTART_MAX_MS = 10_000;
/** After living this long a process counts as healthy, and its next restart starts from the shortest wait. */
export const RESTART_FORGET_MS = 60_000;
export const LAUNCHER_POLL_MS = 500;

/** One older log is kept beside the current one: 2 × 10 MB per process. */
export const LOG_MAX_BYTES = 10 * 1024 * 1024;
export const LOG_CHECK_MS = 10_000;
/** Lines of a log that are shown when its process fails. */
export const LOG_TAIL_LINES = 15;
export const LOG_TAIL_BYTES = 16 * 1024;
