import type { Message } from '@sallyport/shared/jsonrpc';
import { type DeclaredHeader, declaredHeaders, headerDisagreement } from './declared-headers.ts';

/** The tools room's door: what is known of the tools of each server. */
export interface Tools {
  /** Takes what a server said in its answer to `tools/list`. */
  learn(server: string, answer: Message): void;
  /** What disagrees between a call's Mcp-Param headers and its arguments; undefined where nothing does. */
  disagreement(
    server: string,
    tool: string,
    args: () => unknown,
    headers: Readonly<Record<string, string>>,
    decode: (value: string) => string | undefined,
  ): string | undefined;
}

/** Tools with declarations that are remembered of one server; a list of more pages is joined up to here. */
const DECLARING_TOOLS_MAX = 2_000;

export function createTools(): Tools {
  const servers = new Map<string, Map<string, readonly DeclaredHeader[]>>();
  return {
    learn(server, answer) {
      const known = servers.get(server) ?? new Map<string, readonly DeclaredHeader[]>();
      for (const [tool, declared] of declaredHeaders(answer)) {
        if (known.size < DECLARING_TOOLS_MAX || known.has(tool)) known.set(tool, declared);
      }
      servers.set(server, known);
    },
    disagreement(server, tool, args, headers, decode) {
      const declared = servers.get(server)?.get(tool);
      return declared === undefined ? undefined : headerDisagreement(declared, args(), headers, decode);
    },
  };
}
