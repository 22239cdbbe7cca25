import { cedarSchema } from '../schema.ts';
import type { Around, KnownTool } from './around.ts';
import { argumentLines, cedarType, isPlainMember } from './cedar-types.ts';
import { shownName } from './names.ts';
import { type Shape, shapeOf } from './shape.ts';

/** Of which tools a schema is wanted; all that are pinned where nothing is said. */
export interface SchemaScope {
  readonly server?: string;
  readonly tool?: string;
}

interface Typed {
  readonly title: string;
  readonly shape: Shape;
}

/**
 * The Cedar schema for an editor, with a type for the arguments of each pinned tool. `context.arguments` of a call has the
 * type of the tool where the scope is a single one; of several, what they have in common: each argument that all who have
 * it type alike, optional. What has no one type stands in a comment, for Cedar has no type for anything.
 */
export function generatedSchema(tools: Around['tools'], scope: SchemaScope): string {
  const typed = [...tools].flatMap(([server, known]) =>
    known.flatMap((tool): Typed[] => (isWanted(server, tool, scope) ? [typedTool(server, tool)] : [])),
  );
  const [only, another] = typed;
  const call = only !== undefined && another === undefined ? argumentLines(only.shape) : linesInCommon(typed);
  const names = new Set<string>();
  const types = typed.map(({ title, shape }) => {
    const name = identifier(title, names);
    return `\n  // ${title}\n  type ${name} = ${record(argumentLines(shape), '  ')};\n`;
  });
  // For our own checks only; an editor has no use for it.
  return cedarSchema({ call: record(call, '    ') }, types.join('')).replaceAll(
    '    __argument?: Bool,\n',
    '',
  );
}

function isWanted(server: string, { name, pinned }: KnownTool, scope: SchemaScope): boolean {
  return pinned && (scope.server ?? server) === server && (scope.tool === undefined || scope.tool === name);
}

function typedTool(server: string, { name, schemas }: KnownTool): Typed {
  return { title: `${server}/${name}`, shape: shapeOf(schemas[0]) };
}

function linesInCommon(tools: readonly Typed[]): string[] {
  const types = new Map<string, Set<string | undefined>>();
  for (const { shape } of tools) {
    if (shape.is !== 'record') continue;
    for (const [name, member] of shape.members) {
      const known = types.get(name) ?? new Set();
      types.set(name, known.add(cedarType(member.shape)));
    }
  }
  return [...types].sort().map(([name, found]) => {
    const [type, another] = found;
    const shown = JSON.stringify(isPlainMember(name) ? name : shownName(name));
    return type === undefined || another !== undefined || found.size > 1 || !isPlainMember(name)
      ? `// ${shown}?: without one type in all tools that have it`
      : `${shown}?: ${type},`;
  });
}

function record(lines: readonly string[], indent: string): string {
  return `{\n${lines.map((line) => `${indent}  ${line}\n`).join('')}${indent}}`;
}

/** A name of a type of its own: `Arguments_core_banking_transfer`. */
function identifier(title: string, taken: Set<string>): string {
  const plain = `Arguments_${title.replace(/\W/g, '_')}`;
  let name = plain;
  for (let number = 2; taken.has(name); number += 1) name = `${plain}_${number}`;
  taken.add(name);
  return name;
}
