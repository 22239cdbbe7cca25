import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { BODY_MAX_DEPTH } from './limits.ts';
import { AdminError } from './problems.ts';

/** Gives handlers the types of their routes' TypeBox schemas. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  readonly serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}

/**
 * Validates parts of a request with TypeBox. A body is taken as it is: "5" is not 5 and an unknown member is
 * refused, so that a misspelt field is not silently ignored. A query has only text, so there numbers and booleans
 * are read from it.
 */
export const compileSchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (given: unknown) => {
    const unrecordable = httpPart === 'body' ? findUnrecordable(given) : undefined;
    if (unrecordable !== undefined) return { error: unrecordable };
    const value = validator.Default(httpPart === 'body' ? given : validator.Convert(given));
    if (validator.Check(value)) return { value };
    return { error: describe(validator.Errors(value)[0], PART_NAMES[httpPart ?? 'body'] ?? 'request') };
  };
};

const PART_NAMES: Readonly<Record<string, string>> = { body: 'body', querystring: 'query', params: 'path' };

function describe(first: TLocalizedValidationError | undefined, part: string): AdminError {
  if (first === undefined) return new AdminError('invalid_request', `The ${part} is not as it must be.`);
  const { field, message } = explain(first);
  return new AdminError(
    'invalid_request',
    `${field === '' ? `The ${part}` : `"${field}" in the ${part}`} ${message}. /api/v1/openapi.json shows what it takes.`,
    { field: field === '' ? part : field },
  );
}

function explain(error: TLocalizedValidationError): { field: string; message: string } {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  switch (error.keyword) {
    case 'required':
      return { field: fieldName([...path, error.params.requiredProperties[0] ?? '']), message: 'is missing' };
    case 'additionalProperties':
      return {
        field: fieldName([...path, error.params.additionalProperties[0] ?? '']),
        message: 'is not known here',
      };
    case 'boolean': // how an unknown member shows where no other is
      return { field: fieldName(path), message: 'is not known here' };
    case 'enum':
      return { field: fieldName(path), message: `must be one of ${error.params.allowedValues.join(', ')}` };
    case 'const':
      return { field: fieldName(path), message: `must be ${String(error.params.allowedValue)}` };
    default:
      return { field: fieldName(path), message: error.message };
  }
}

function fieldName(path: readonly string[]): string {
  return path.reduce((text, step) => {
    if (/^\d+$/.test(step)) return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/**
 * What could not be recorded faithfully: lone surrogates have no canonical form (AUDIT.md, Log), and nesting
 * without bound breaks every reader. Walks without recursion, since the depth is not known to be safe yet.
 */
function findUnrecordable(body: unknown): AdminError | undefined {
  const pending: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && !value.isWellFormed()) return illFormed();
    if (typeof value !== 'object' || value === null) continue;
    if (depth === BODY_MAX_DEPTH) {
      return new AdminError('malformed_request', `The body nests deeper than ${BODY_MAX_DEPTH} levels.`);
    }
    for (const [key, member] of Object.entries(value)) {
      if (!key.isWellFormed()) return illFormed();
      pending.push({ value: member, depth: depth + 1 });
    }
  }
  return undefined;
}

function illFormed(): AdminError {
  return new AdminError(
    'malformed_request',
    'The body has half of a surrogate pair, which is not valid text.',
  );
}
