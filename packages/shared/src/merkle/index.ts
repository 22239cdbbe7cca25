export { type AddCheckpoint, addCheckpointText, parseAddCheckpoint } from './add-checkpoint.ts';
export { provesConsistency, provesInclusion, provesInclusionInSubtree, provesSubtree } from './check.ts';
export { type Checkpoint, checkpointText, parseCheckpoint } from './checkpoint.ts';
export { NoteError, type NoteErrorCode } from './errors.ts';
export { Frontier, type OnComplete, peakLevels } from './frontier.ts';
export { emptyRoot, HASH_BYTES, leafHash, nodeHash } from './hash.ts';
export {
  isKeyName,
  newSeed,
  parseVerifierKey,
  SIGNATURE_TYPE,
  type SignatureType,
  type SigningKey,
  signingKey,
  type VerifierKey,
  verifierKey,
  verifierKeyText,
} from './keys.ts';
export {
  type NoteSignature,
  type ParsedNote,
  parseNote,
  signatureLine,
  signNote,
  type VerifiedSignature,
  verifyNote,
} from './note.ts';
export { consistencyProof, inclusionProof, type NodeReader } from './prove.ts';
