export type { AnchorSetting, AnchorSettings } from './anchors/open.ts';
export type { AnchorRecord, AnchorsState } from './anchors/types.ts';
export type { SignerOptions } from './checkpoint/open.ts';
export { serveSigner } from './checkpoint/serve-signer.ts';
export { AuditError, type AuditErrorCode } from './errors.ts';
export type { ForwardTarget } from './forward/forwarder.ts';
export { BODY_MAX_BYTES } from './limits.ts';
export { type AuditOptions, openAudit } from './open.ts';
export { withoutCardCodes } from './originals/card-codes.ts';
export { scopeProblem } from './originals/records.ts';
export { type OutboundSettings, send as sendOutbound } from './outbound/send.ts';
export type { DropOrder, PartitionStatus, RetentionClass } from './retention/types.ts';
export type {
  Actor,
  Audit,
  AuditWitnesses,
  DiskState,
  EntryDecision,
  EntryDraft,
  EntryKind,
  EntryPage,
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
export type { WitnessSettings } from './witness/open.ts';
export { AGENT_AND_INDEPENDENT, AGENTS_ALONE, readPolicy, type WitnessPolicy } from './witness/policy.ts';
export type {
  AskWitness,
  Cosignature,
  QuorumState,
  WitnessAnswer,
  WitnessConflict,
  WitnessKey,
  WitnessState,
} from './witness/types.ts';
