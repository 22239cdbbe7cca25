export type { RecordEntry, RegistryEntry } from './apply.ts';
export { checkDocument } from './check.ts';
export { RegistryError, type RegistryErrorCode } from './errors.ts';
export { openRegistry, type RegistryOptions } from './open.ts';
export {
  type Change,
  type Changer,
  type Document,
  type DocumentInput,
  type DocumentKind,
  type DocumentProblem,
  type Plan,
  type Registry,
  ROLES,
  type Role,
  type ServerSpec,
  type ServiceAccountSpec,
  type Snapshot,
} from './types.ts';
