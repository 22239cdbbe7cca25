/** Where a value comes from: written down, or a credential that is read when it is used. */
export type ValueSource =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'credential';
      /** "env:NAME" or "file:/path". */
      readonly reference: string;
      /** `{}` stands for the credential. */
      readonly format: string;
    };

/** Bounds of one server that its owner may set. */
export interface ServerLimits {
  /** Sessions open at a time. */
  readonly sessions: number;
}

export interface StdioDefinition {
  readonly name: string;
  readonly transport: 'stdio';
  /** Program and arguments; never passed to a shell. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, ValueSource>>;
  /** Absolute. */
  readonly cwd: string;
  readonly limits: ServerLimits;
}

interface HttpDefinition {
  readonly name: string;
  readonly transport: 'http' | 'sse';
  readonly url: string;
  readonly headers: Readonly<Record<string, ValueSource>>;
  readonly limits: ServerLimits;
}

/** One server of agent.yaml, as its owner described it. */
export type ServerDefinition = StdioDefinition | HttpDefinition;

/** An analyser of names and places that a masking rule may ask (docs/MASKING.md). */
export type AnalyserDefinition =
  | {
      readonly type: 'presidio';
      /** Where texts are posted: Presidio's `/analyze`, or what answers like it. */
      readonly url: string;
      readonly language: string;
      readonly headers: Readonly<Record<string, ValueSource>>;
      /** Whether one request may carry a list of texts. */
      readonly batch: boolean;
      readonly timeoutMs: number;
    }
  | {
      readonly type: 'plugin';
      /** Absolute path of a module that exports `analyse`. */
      readonly module: string;
      /** Handed to the module as it is. */
      readonly settings: unknown;
      readonly memoryMb: number;
      readonly timeoutMs: number;
    };

export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
}

/** agent.yaml, checked (DESIGN.md §10). */
export interface AgentConfig {
  readonly gateways: readonly GatewayAddress[];
  readonly servers: ReadonlyMap<string, ServerDefinition>;
  readonly analysers: ReadonlyMap<string, AnalyserDefinition>;
  /** URL patterns that servers may point the agent to beyond their own URL. */
  readonly allow: readonly string[];
  /** Sessions open at a time, over all servers. */
  readonly sessionsMax: number;
}
