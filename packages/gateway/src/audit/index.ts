export type { SignerOptions } from './checkpoint/open.ts';
export { AuditError, type AuditErrorCode } from './errors.ts';
export { type AuditOptions, openAudit } from './open.ts';
export type {
  Actor,
  Audit,
  EntryDecision,
  EntryDraft,
  EntryKind,
  EntryQuery,
  EntryValue,
  Recorded,
  SigningState,
  StoredCheckpoint,
  StoredEntry,
  StoredLeaf,
  TransportOutcome,
} from './types.ts';
