export { Jobs, type JobsOptions, type Look } from './jobs.ts';
export type { JobsPlace } from './place.ts';
