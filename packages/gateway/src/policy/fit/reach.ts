import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { TOOL_TYPE } from '../schema.ts';
import { entityIn, scopeMatchesCall } from '../scope.ts';
import type { Around, KnownTool } from './around.ts';

/** A server of which calls of tools are in a policy's scope. */
export interface Reached {
  readonly server: string;
  /** Tools that are in the scope and known. */
  readonly tools: readonly KnownTool[];
  /** The one tool that the scope names, where it names one. */
  readonly named: string | undefined;
}

/** The servers whose tools' calls a policy may have a say in, by its scope alone. */
export function reachOf(
  policy: PolicyJson,
  { declared, tools }: Pick<Around, 'declared' | 'tools'>,
): Reached[] {
  const servers = [...new Set([...declared.keys(), ...tools.keys()])].sort();
  const named = namedTool(policy);
  return servers.flatMap((server): Reached[] => {
    const known = (tools.get(server) ?? []).filter(({ name }) => scopeMatchesCall(policy, server, name));
    if (named !== undefined) {
      const own = named.server === server || (named.server === undefined && known.length > 0);
      return own ? [{ server, tools: known, named: named.tool }] : [];
    }
    // No tool can have this name: what matches it matches for its server.
    return scopeMatchesCall(policy, server, '') ? [{ server, tools: known, named: undefined }] : [];
  });
}

/** The tool that a scope names; its server too where it is `server/tool`. */
function namedTool({ resource }: PolicyJson): { server: string | undefined; tool: string } | undefined {
  const entity = entityIn(resource);
  if (entity === undefined || entity.type !== TOOL_TYPE) return undefined;
  const slash = entity.id.indexOf('/');
  if (slash < 0) return { server: undefined, tool: entity.id };
  return { server: entity.id.slice(0, slash), tool: entity.id.slice(slash + 1) };
}
