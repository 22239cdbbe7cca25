export type { SignerOptions } from './checkpoint/open.ts';
export { AuditError, type AuditErrorCode } from './errors.ts';
export { BODY_MAX_BYTES } from './limits.ts';
export { type AuditOptions, openAudit } from './open.ts';
export { withoutCardCodes } from './originals/card-codes.ts';
export { newHoldId, scopeProblem } from './originals/records.ts';
export type {
  Actor,
  Audit,
  EntryDecision,
  EntryDraft,
  EntryKind,
  EntryQuery,
  EntryValue,
  Evidence,
  Hold,
  Omitted,
  Recorded,
  RecordScope,
  SigningState,
  StoredCheckpoint,
  StoredEntry,
  StoredLeaf,
  TransportOutcome,
} from './types.ts';
