/** Between words to a client that is held and asked for progress: well below the shortest time limits seen (60 s). */
export const HOLD_PROGRESS_EVERY_MS = 5_000;
/** Held without progress: the SDKs' clients give up a request after 60 s. */
export const HOLD_SILENT_MAX_MS = 45_000;
/** Held with progress, which resets those limits; idle limits of sessions begin at 15 minutes. */
export const HOLD_WITH_PROGRESS_MAX_MS = 10 * 60_000;
/** How often a held call is decided anew because something changed while it waited. */
export const HOLD_ROUNDS_MAX = 3;
