export type { RecordEntry, RegistryEntry } from './apply.ts';
export { checkDocument } from './check.ts';
export { RegistryError, type RegistryErrorCode } from './errors.ts';
export { type CheckFit, misfitInWords } from './fit.ts';
export { nearest } from './hint.ts';
export { openRegistry, type RegistryOptions } from './open.ts';
export {
  type Change,
  type Changer,
  type Document,
  type DocumentInput,
  type DocumentKind,
  type DocumentProblem,
  type Misfit,
  type Plan,
  type Registry,
  ROLES,
  type Role,
  type ServerSpec,
  type ServiceAccountSpec,
  type ShownTool,
  type ShownTools,
  type Snapshot,
} from './types.ts';
