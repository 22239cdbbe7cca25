export { CommitUnknown, commitSurely } from './commit.ts';
export { type EmbeddedOptions, startEmbeddedPostgres } from './embedded/start.ts';
export { StoreError, type StoreErrorCode } from './errors.ts';
export { migrate } from './migrate.ts';
export { openStore } from './open.ts';
export { recordedStep, type Step, type StepConnection } from './recorded-step.ts';
export type { Database } from './schema.ts';
export { openSealer, type Sealer } from './seal.ts';
export type { EmbeddedPostgres, Store } from './types.ts';
