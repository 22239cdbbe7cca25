import type { Message } from '@sallyport/shared/jsonrpc';
import type { ArgumentProblem, GivenArguments } from './argument-checks.ts';
import type { Difference } from './difference.ts';
import type { ToolState } from './drift.ts';
import type { ToolActor } from './entries.ts';
import type { KnownTool } from './known-tools.ts';
import type { Mark } from './marks.ts';
import type { ToolQuery, ToolRow } from './table.ts';

/** A tool as a reviewer sees it. Texts have all that hides in them spelled out. */
export interface Review {
  /** The definition that the server shows, or showed last, laid out in lines. */
  readonly definition: string;
  /** What is suspicious in it. */
  readonly marks: readonly Mark[];
  /** Where it differs from the pinned one; empty where it doesn't, or where none is pinned. */
  readonly differences: readonly Difference[];
}

/** The tools room's door: what tools each server defines, and which of these definitions were reviewed. */
export interface Tools {
  /**
   * Takes what a server said in an answer to `tools/list`: what is new in it is durable and in the log when this
   * resolves. Tells of each element, by its index, whether it may be shown: its very definition is pinned.
   *
   * @throws ToolError `unavailable`; then nothing of the list may be shown
   */
  shown(server: string, answer: Message): Promise<(index: number) => boolean>;
  /** How a tool stands. `unknown`: the server has never shown one of that name. */
  state(server: string, tool: string): { readonly state: ToolState | 'unknown'; readonly pinned?: string };
  /** Digest of the definition that calls of the tool are bound to; undefined where it may not be called. */
  digest(server: string, tool: string): string | undefined;
  /**
   * What stands against calling the tool of this pinned definition with these arguments; undefined where nothing does.
   *
   * @throws where the definition can't be read
   */
  problemOf(digest: string, given: () => GivenArguments): Promise<ArgumentProblem | undefined>;
  /** Resolves when the server has been asked for its tools once, or can't be. */
  settled(server: string): Promise<void>;
  /** Why it is not known what tools the server defines, in words. */
  problem(server: string): string | undefined;
  /** Something may have become askable. */
  look(): void;
  /** An agent is attached anew: its servers may be others. */
  agentAttached(agent: string): void;
  /** The server said that its tools have changed. */
  listChanged(server: string): void;
  /** Called with a server when the tools that may be used of it have changed. */
  onChanged(listener: (server: string) => void): void;
  /**
   * Pins or rejects the definition that the server shows.
   *
   * @throws ToolError `not_found`, `conflict` or `unavailable`
   */
  decide(
    decision: { server: string; tool: string; digest: string; pin: boolean; reason: string },
    by: ToolActor,
  ): Promise<ToolRow>;
  /** What is known of tools, in the order of servers and names. */
  list(query: ToolQuery): Promise<ToolRow[]>;
  /** What servers define, by server, for policies to be checked against. */
  known(): Promise<ReadonlyMap<string, readonly KnownTool[]>>;
  /** What a reviewer needs to see of a tool. */
  review(row: ToolRow): Promise<Review>;
  /** What disagrees between a call's Mcp-Param headers and its arguments; undefined where nothing does. */
  disagreement(
    server: string,
    tool: string,
    args: () => unknown,
    headers: Readonly<Record<string, string>>,
    decode: (value: string) => string | undefined,
  ): string | undefined;
  close(): Promise<void>;
}
