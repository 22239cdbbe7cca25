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
  StoredEntry,
  TransportOutcome,
} from './types.ts';
