import { misfitInWords, type ShownTools } from '../registry/index.ts';
import type { ToolRow } from '../tools/index.ts';
import type { AdminRooms } from './rooms.ts';

/**
 * What policies in force say that doesn't fit the definition which a tool shows, for whoever decides on it: a definition
 * without an argument that a forbid looks at would be pinned, and the forbid protect nothing.
 */
export async function policyWarnings(
  { registry, tools }: Pick<AdminRooms, 'registry' | 'tools'>,
  { server, tool }: Pick<ToolRow, 'server' | 'tool'>,
): Promise<string[]> {
  const known = await tools.known();
  const shown = known
    .get(server)
    ?.find(({ name }) => name === tool)
    ?.schemas.at(-1);
  if (shown === undefined) return [];
  const as = (schema: unknown): ShownTools =>
    new Map(known).set(
      server,
      (known.get(server) ?? []).map((each) =>
        each.name === tool ? { ...each, pinned: true, schemas: [schema] } : each,
      ),
    );
  const words = (around: ShownTools) =>
    registry.fits(around).map((misfit) => `${misfit.policy}: ${misfitInWords(misfit)}`);
  // Against a definition that says nothing of its arguments, everything that isn't this tool's doing stands too.
  const anyway = new Set(words(as({})));
  return words(as(shown)).filter((each) => !anyway.has(each));
}
