import type { ErrorObject, ValidateFunction } from 'ajv';
import { compilerOf, type Draft } from './compiler.ts';
import { SCHEMA_MAX_BYTES, SCHEMA_MAX_DEPTH, TIME_MAX_MS } from './limits.ts';
import { TimeOver, withinTime } from './timed.ts';

/** A tool's input schema, compiled. */
export interface ArgumentSchema {
  /** What is wrong with arguments, in words that hold none of their values; undefined where nothing is. */
  check(args: unknown, sizeBytes: number): string | undefined;
}

const DRAFTS: Readonly<Record<string, Draft>> = {
  'https://json-schema.org/draft/2020-12/schema': '2020-12',
  'https://json-schema.org/draft/2019-09/schema': '2019-09',
  'http://json-schema.org/draft-07/schema': 'draft-07',
  'https://json-schema.org/draft-07/schema': 'draft-07',
};
/** Keywords whose cost is not bounded by the sizes of schema and arguments multiplied. */
const COSTLY = ['"$ref"', '"$dynamicRef"', '"$recursiveRef"', '"uniqueItems"'];
/** Sizes of schema and arguments, multiplied, up to which nothing can take long. */
const QUICK_BYTES_SQUARED = 1 << 26;
/** A masking token stands for a value that only the agent knows: what it looks like says nothing. */
const TOKEN = /\[[A-Z][A-Z0-9_]{0,39}:t:[A-Za-z]{8,64}\]/;
const ABOUT_LOOKS = ['pattern', 'minLength', 'maxLength', 'enum', 'const', 'format'];
/** Keywords that give places in a schema names of their own. */
const OWN_NAMES = ['"$id"', '"id"', '"$anchor"', '"$dynamicAnchor"', '"$recursiveAnchor"'];
const PROBLEM_MAX_CHARS = 300;

/**
 * Compiles a tool's input schema. Without `$schema` it is of draft 2020-12 (MCP 2025-11-25, SEP-1613). Nothing is ever
 * fetched: a `$ref` must lead to a place in the schema itself. Formats are annotations (2020-12 §7.2.1).
 *
 * @param canonical the tool's definition in canonical form
 * @throws Error in words where the schema can't be used; then no call can be checked, and none may be made
 */
export async function compileSchema(canonical: string): Promise<ArgumentSchema> {
  // Cast: a definition is an object; its members are anything.
  const { inputSchema: schema } = JSON.parse(canonical) as { inputSchema?: unknown };
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new Error('its inputSchema is no object');
  const text = JSON.stringify(schema);
  if (text.length > SCHEMA_MAX_BYTES)
    throw new Error(`its inputSchema is larger than ${SCHEMA_MAX_BYTES} bytes`);
  if (depthOf(schema) > SCHEMA_MAX_DEPTH)
    throw new Error(`its inputSchema is deeper than ${SCHEMA_MAX_DEPTH} levels`);
  const draft = draftOf(schema);
  const compiler = await compilerOf(
    draft,
    OWN_NAMES.some((keyword) => text.includes(keyword)),
  );
  const first = compiler(schema, false);
  let all: ValidateFunction | undefined;
  const costly = !first.linear || COSTLY.some((keyword) => text.includes(keyword));
  return {
    check(args, sizeBytes) {
      const run = (validate: ValidateFunction) => {
        const validates = () => validate(args) === true;
        return costly || sizeBytes * text.length > QUICK_BYTES_SQUARED
          ? withinTime(TIME_MAX_MS.validate, validates)
          : validates();
      };
      try {
        if (run(first.validate)) return undefined;
        const [problem] = first.validate.errors ?? [];
        if (problem !== undefined && !TOKEN.test(JSON.stringify(args))) return wordsOf(problem);
        all ??= compiler(schema, true).validate;
        run(all);
        const wrong = all.errors?.find((error) => !excused(error, args));
        return wrong && wordsOf(wrong);
      } catch (thrown) {
        if (thrown instanceof TimeOver) return 'checking them against the schema of the tool takes too long';
        throw thrown;
      }
    },
  };
}

function draftOf(schema: object): Draft {
  const named = '$schema' in schema ? schema.$schema : undefined;
  if (named === undefined) return '2020-12';
  const draft = typeof named === 'string' ? DRAFTS[named.replace(/#$/, '')] : undefined;
  if (draft === undefined) throw new Error('its inputSchema is of a draft of JSON Schema that is not known');
  return draft;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member));
  return deepest + 1;
}

/** Whether an error is only about the looks of a text that holds a masking token. */
function excused({ keyword, instancePath }: ErrorObject, args: unknown): boolean {
  if (!ABOUT_LOOKS.includes(keyword)) return false;
  let at = args;
  for (const part of instancePath.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    // Cast: the path leads through what was validated.
    at = (at as Record<string, unknown>)[key];
  }
  return typeof at === 'string' && TOKEN.test(at);
}

function wordsOf({ instancePath, message = '', keyword, params }: ErrorObject): string {
  const name: unknown = keyword === 'additionalProperties' ? params.additionalProperty : undefined;
  const which = typeof name === 'string' ? ` ("${name}")` : '';
  return `arguments${instancePath} ${message}${which}`.slice(0, PROBLEM_MAX_CHARS).toWellFormed();
}
