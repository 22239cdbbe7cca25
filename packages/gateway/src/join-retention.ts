import type { RetentionClass } from './audit/index.ts';
import type { Registry } from './registry/index.ts';

/** How long entries are kept, by the documents in force; by the default until they are read. */
export function retentionClasses(registry: Registry | undefined): RetentionClass[] {
  if (registry === undefined) return [];
  return [...registry.snapshot().of('Retention').values()].map(({ name, spec }) => ({
    name,
    keep: spec.keep,
    ...(spec.kinds === undefined ? {} : { kinds: spec.kinds }),
    ...(spec.servers === undefined ? {} : { servers: spec.servers }),
  }));
}
