/** The registry's bounds. Units are last in the names. */

/** Largest Cedar text of one policy document: a few hundred policies. */
export const CEDAR_MAX_CHARACTERS = 262_144;

export const DESCRIPTION_MAX_CHARACTERS = 2_000;

/** Agents that expose one server: more than a handful of sites is a mistake. */
export const AGENTS_MAX = 20;

/** Groups of one account; all of them are entities in every decision. */
export const GROUPS_MAX = 200;

/** A session's longest life: a week. Beyond it a revoked right could be used for too long. */
export const SESSION_MAX_MINUTES = 10_080;

/** A call's longest life: a day. */
export const CALL_MAX_SECONDS = 86_400;

/** How soon a replica sees a change even when the notice of it was lost. */
export const VERSION_POLL_MS = 1_000;

/** Lines on either side that a line-by-line comparison takes; beyond it a document is shown as replaced whole. */
export const DIFF_MAX_LINES = 2_000;

/** Lines around a change that are shown with it. */
export const DIFF_CONTEXT_LINES = 3;

/** Problems listed in an error's message; the plan has all. */
export const MESSAGE_MAX_PROBLEMS = 5;

/** Patterns of tools whose arguments one server declares. */
export const ARGUMENTS_MAX = 200;

/** Decimal places that an amount may leave out: the smallest units in use have eight. */
export const ARGUMENT_SCALE_MAX = 8;

/** Labels that one rule gives. */
export const LABELS_MAX = 10;

/** Names, words or paths in one list of a masking rule; scopes are looked through once for each kind of message. */
export const MASKING_LIST_MAX = 500;

/** Terms of one dictionary or allow-list: more belong in a detector. All are sent to every agent concerned. */
export const MASKING_TERMS_MAX = 10_000;

/** Rules of one server that pin without a reviewer: who needs more reviews nothing. */
export const PIN_RULES_MAX = 20;
