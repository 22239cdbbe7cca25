import Type from 'typebox';
import { ARGUMENT_SCALE_MAX, ARGUMENTS_MAX, LABELS_MAX } from '../limits.ts';
import type { ArgumentReading, ServerSpec } from '../types.ts';
import { strict } from './schema.ts';

/** A tool's name with `*` for any characters. */
export const TOOL_PATTERN = '^[A-Za-z0-9_.*-]{1,128}$';
/** `sql`, `options.query`, `items[].amount`; a dot or bracket in a name is written behind a back slash. */
const ARGUMENT_PATH =
  '^(?:[^.\\[\\]\\\\]|\\\\[.\\[\\]\\\\])+(?:\\[\\])*(?:\\.(?:[^.\\[\\]\\\\]|\\\\[.\\[\\]\\\\])+(?:\\[\\])*)*$';
const ABSOLUTE_FOLDER = '^/';
/** What policies name as a text: a word that looks the same to everyone. */
export const LABEL = '^[a-z0-9][a-z0-9-]{0,62}$';

const READERS: readonly ArgumentReading['reader'][] = ['sql', 'shell', 'path', 'url', 'amount', 'batch'];

const Reading = strict({
  reader: Type.Enum([...READERS]),
  roots: Type.Optional(Type.Array(Type.String({ pattern: ABSOLUTE_FOLDER }), { minItems: 1, maxItems: 20 })),
  base: Type.Optional(Type.String({ pattern: ABSOLUTE_FOLDER })),
  currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$' })),
  currencyArgument: Type.Optional(Type.String({ pattern: ARGUMENT_PATH, maxLength: 200 })),
  scale: Type.Optional(Type.Integer({ minimum: 0, maximum: ARGUMENT_SCALE_MAX })),
});

/** Tool pattern → argument → how it is read. The names of members are checked by `argumentProblems`. */
export const argumentsSchema = Type.Optional(
  Type.Record(Type.String(), Type.Record(Type.String(), Reading), { maxProperties: ARGUMENTS_MAX }),
);

const Labels = Type.Array(Type.String({ pattern: LABEL }), {
  minItems: 1,
  maxItems: LABELS_MAX,
  uniqueItems: true,
});

/** What a session is labelled with once it has read from the server. */
export const labelsSchema = Type.Optional(
  strict({
    tools: Type.Optional(Type.Record(Type.String(), Labels)),
    resources: Type.Optional(Type.Record(Type.String(), Labels)),
    findings: Type.Optional(Type.Record(Type.String(), Labels)),
  }),
);

/** `sql: sql` is the short form of `sql: { reader: sql }`. */
export function takeShortReadings(spec: Record<string, unknown>): void {
  const { arguments: tools } = spec;
  if (!isObject(tools)) return;
  for (const readings of Object.values(tools)) {
    if (!isObject(readings)) continue;
    for (const [argument, reading] of Object.entries(readings)) {
      if (typeof reading === 'string') readings[argument] = { reader: reading };
    }
  }
}

/** Names of members, and options that their reader has no use for: settings that silently would not hold. */
export function argumentProblems(
  given: Record<string, unknown>,
): { readonly path: string; readonly message: string }[] {
  // The schema has accepted it.
  const spec = given as Pick<ServerSpec, 'arguments' | 'labels'>;
  const problems = Object.keys(spec.labels?.tools ?? {}).flatMap((tool) =>
    toolProblems('labels.tools', tool),
  );
  for (const [tool, readings] of Object.entries(spec.arguments ?? {})) {
    problems.push(...toolProblems('arguments', tool));
    for (const [argument, reading] of Object.entries(readings)) {
      const path = `arguments.${tool}.${argument}`;
      if (!new RegExp(ARGUMENT_PATH, 'u').test(argument)) {
        problems.push({
          path,
          message: 'names no argument: write `sql`, `options.query` or `items[].amount`.',
        });
      }
      const { reader, roots, base, currency, currencyArgument, scale } = reading;
      const amounts = currency !== undefined || currencyArgument !== undefined || scale !== undefined;
      if (reader !== 'amount' && amounts) {
        problems.push({ path, message: 'currency, currencyArgument and scale are for the reader "amount".' });
      }
      if (reader !== 'path' && (roots !== undefined || base !== undefined)) {
        problems.push({ path, message: 'roots and base are for the reader "path".' });
      }
      if (reader === 'path' && roots === undefined) {
        problems.push({
          path,
          message: 'needs roots, the folders that paths may be in: without one no path is inside.',
        });
      }
    }
  }
  return problems;
}

function toolProblems(member: string, tool: string): { path: string; message: string }[] {
  if (new RegExp(TOOL_PATTERN).test(tool)) return [];
  return [
    { path: `${member}.${tool}`, message: 'names no tool: write its name, with * for any characters.' },
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
