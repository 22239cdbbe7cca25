import { namesTool } from '../policy/index.ts';
import { checkDocument, type DocumentInput, type ServerSpec } from '../registry/index.ts';
import { visible } from '../tools/index.ts';
import type { AdminRooms } from './rooms.ts';

/** An argument that looks as if a reader should be declared for it. A proposal; nobody but a person applies it. */
export interface ArgumentGuess {
  readonly tool: string;
  readonly argument: string;
  readonly reader: string;
  /** What it was guessed by, in words. */
  readonly why: string;
}

/** Arguments of a server's tools, as far as it has shown them, for which the document declares nothing. */
export async function undeclaredGuesses(
  { tools }: Pick<AdminRooms, 'tools'>,
  server: string,
  { arguments: declared = {} }: Pick<ServerSpec, 'arguments'>,
): Promise<ArgumentGuess[]> {
  const isDeclared = (tool: string, argument: string) =>
    Object.entries(declared).some(
      ([pattern, readings]) => namesTool(pattern, tool) && Object.hasOwn(readings, argument),
    );
  return ((await tools.known()).get(server) ?? []).flatMap(({ name, likely }) =>
    likely.filter(({ argument }) => !isDeclared(name, argument)).map((guess) => ({ tool: name, ...guess })),
  );
}

/** What is said beside a Server document that leaves likely arguments undeclared. Never a reason to fail. */
export async function argumentHints(
  rooms: Pick<AdminRooms, 'tools' | 'logger'>,
  documents: readonly DocumentInput[],
): Promise<string[]> {
  const hints: string[] = [];
  for (const document of documents.filter(({ kind }) => kind === 'Server')) {
    const result = checkDocument(document);
    if ('problems' in result) continue;
    // Cast: the kind says which spec it is.
    const guesses = await undeclaredGuesses(rooms, document.name, result.checked.spec as ServerSpec).catch(
      (thrown: unknown) => {
        rooms.logger.warn('arguments could not be guessed', { reason: String(thrown) });
        return [];
      },
    );
    const [first] = guesses;
    if (first === undefined) continue;
    const { tool, argument, reader } = first;
    const [all, are] =
      guesses.length === 1 ? ['an argument looks', "isn't"] : [`${guesses.length} arguments look`, "aren't"];
    hints.push(
      `Server/${document.name}: ${all} like what risk facts are read from and ${are} declared, as ${tool}'s ${visible(argument)} ` +
        `(${reader}). See sallyport-gateway servers guess ${document.name}`,
    );
  }
  return hints;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const REMARKS: Readonly<Record<string, string>> = {
  path: '; write the folders that it may be in',
  amount:
    '; add the currency, and the scale where it counts cents: { reader: amount, currency: EUR, scale: 2 }',
};

/** The lines of a Server document that would declare them, each with what it was guessed by. */
export function yamlOf(guesses: readonly ArgumentGuess[]): string {
  if (guesses.length === 0) return '';
  let text = 'arguments:\n';
  for (const [tool, own] of Map.groupBy(guesses, (guess) => guess.tool)) {
    text += `  ${key(tool)}:\n`;
    for (const { argument, reader, why } of own) {
      const reading = reader === 'path' ? '{ reader: path, roots: [/WHICH/FOLDERS] }' : reader;
      text += `    ${key(argument)}: ${reading} # ${why}${REMARKS[reader] ?? ''}\n`;
    }
  }
  return text;
}

/** A name that a server chose as a key: what is not ASCII as an escape, so that nothing in it hides. */
function key(name: string): string {
  if (PLAIN_KEY.test(name)) return name;
  return JSON.stringify(name).replace(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
