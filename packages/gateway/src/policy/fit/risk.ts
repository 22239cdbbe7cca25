import type { CompiledPolicy } from '../compile.ts';
import { placeAt } from '../places.ts';
import type { ReaderName } from '../risk/cedar-types.ts';
import { READERS } from '../risk/cedar-types.ts';
import { namesTool } from '../risk/declared.ts';
import type { Around, Misfit } from './around.ts';
import { listed } from './names.ts';
import { contextPaths, placeOfPath } from './paths.ts';
import type { Reached } from './reach.ts';

/**
 * Risk facts that a policy reads and that calls in its scope never have, because nothing is declared for the reader.
 * `context.risk has sql` is then false whatever is sent: a forbid behind it forbids nothing.
 *
 * A server that declares no argument for the reader is named; of one that declares some, the tools that by the looks of
 * their arguments lack a declaration.
 */
export function riskMisfits(
  { json, offset, text, reads }: CompiledPolicy,
  document: string,
  reach: readonly Reached[],
  around: Pick<Around, 'declared'>,
): Omit<Misfit, 'policy'>[] {
  if (reads.risk.size === 0 || reach.length === 0) return [];
  const paths = contextPaths(json.conditions);
  return READERS.flatMap((reader) => {
    // `context` or `context.risk` as a whole reads all of them and means none.
    const path = paths.find(({ names }) => names[0] === 'risk' && names[1] === reader);
    if (path === undefined) return [];
    const lacking = reach.flatMap((reached) => lackingOf(reached, reader, around));
    if (lacking.length === 0) return [];
    const at = Buffer.byteLength(text.slice(0, placeOfPath(text, ['risk', reader])));
    return [
      {
        message:
          `context.risk.${reader} is never there for calls of ${listed(lacking)}: ` +
          `no argument is declared as ${reader}, so a condition behind "has ${reader}" never holds for them`,
        ...placeAt(document, offset + at),
        help: `declare which argument it is in the Server document, as arguments: { TOOL: { ARGUMENT: ${reader} } }`,
        refused: false,
      },
    ];
  });
}

function lackingOf(
  { server, tools, named }: Reached,
  reader: ReaderName,
  { declared }: Pick<Around, 'declared'>,
): string[] {
  const own = (declared.get(server) ?? []).filter((each) => each.reader === reader);
  const declares = (tool: string) => own.some((each) => namesTool(each.tool, tool));
  if (named !== undefined) return declares(named) ? [] : [`${server}/${named}`];
  if (own.length === 0) return [`any tool of ${server}`];
  return tools
    .filter(({ name, likely }) => !declares(name) && likely.some((each) => each.reader === reader))
    .map(({ name, likely }) => {
      const arguments_ = likely.filter((each) => each.reader === reader).map(({ argument }) => argument);
      return `${server}/${name} (likely: ${listed(arguments_)})`;
    });
}
