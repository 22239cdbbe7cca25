import type { Ajv, Options, ValidateFunction } from 'ajv';
import { SCHEMAS_PER_COMPILER_MAX, TIME_MAX_MS } from './limits.ts';
import { compilePattern } from './patterns.ts';
import { withinTime } from './timed.ts';

/** Drafts of JSON Schema that tools' schemas are written in. */
export type Draft = '2020-12' | '2019-09' | 'draft-07';

export interface Compiled {
  readonly validate: ValidateFunction;
  /** Whether all its patterns take linear time. */
  readonly linear: boolean;
}

/** @throws Error where it is no schema of its draft, or a `$ref` leads out of it; nothing is ever fetched */
export type Compile = (schema: object, allErrors: boolean) => Compiled;

/** Set by the patterns of the schema that is being compiled. */
let linear = true;
const regExp = Object.assign(
  (pattern: string) => {
    const compiled = compilePattern(pattern);
    linear &&= compiled.linear;
    return compiled;
  },
  { code: 'pattern' },
);

const OPTIONS: Options = {
  strict: false,
  validateFormats: false,
  logger: false,
  addUsedSchema: false,
  // Or a schema of a few references could be compiled into one of a gigabyte.
  inlineRefs: false,
  code: { regExp },
};

/** A compiler keeps something of each schema: after some it makes way for another. */
const shared = new Map<string, { readonly ajv: Ajv; schemas: number }>();

/**
 * A compiler of a draft. Loaded at the first tool that is called: a gateway's first hours may know none.
 *
 * @param apart whether the schema names its own places: those of one schema must not be found from another
 */
export async function compilerOf(draft: Draft, apart: boolean): Promise<Compile> {
  const make = await makerOf(draft);
  return (schema, allErrors) => {
    const fresh = (): Ajv => {
      const made = make(allErrors);
      // The draft's own schema is compiled at its first use: not in the time of this one.
      made.validateSchema({});
      return made;
    };
    const ajv = apart ? fresh() : sharedOf(`${draft} ${allErrors}`, fresh);
    return withinTime(TIME_MAX_MS.compile, () => {
      linear = true;
      try {
        return { validate: ajv.compile(schema), linear };
      } finally {
        ajv.removeSchema(schema);
      }
    });
  };
}

function sharedOf(key: string, make: () => Ajv): Ajv {
  let current = shared.get(key);
  if (current === undefined || current.schemas >= SCHEMAS_PER_COMPILER_MAX) {
    current = { ajv: make(), schemas: 0 };
    shared.set(key, current);
  }
  current.schemas += 1;
  return current.ajv;
}

async function makerOf(draft: Draft): Promise<(allErrors: boolean) => Ajv> {
  if (draft === '2020-12') {
    const { Ajv2020 } = await import('ajv/dist/2020.js');
    return (allErrors) => new Ajv2020({ ...OPTIONS, allErrors });
  }
  if (draft === '2019-09') {
    const { Ajv2019 } = await import('ajv/dist/2019.js');
    return (allErrors) => new Ajv2019({ ...OPTIONS, allErrors });
  }
  const { Ajv } = await import('ajv');
  return (allErrors) => new Ajv({ ...OPTIONS, allErrors });
}
