/** A server as far as a probe needs to know it; the rest of its definition passes through. */
export interface Probed {
  readonly name: string;
  readonly transport: 'stdio' | 'http' | 'sse';
}

export type Era = 'legacy' | 'modern';

/** The answer to one question, or why none came, in words. */
export type Reply = { readonly answer: Record<string, unknown> } | { readonly failure: string };

/** Asks one question over a disposable connection. Never throws. */
export type Ask<Definition> = (question: {
  readonly definition: Definition;
  readonly era: Era;
  readonly message: object;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}) => Promise<Reply>;

/** What is known of one server (tunnel.proto, ServerStatus). */
export interface ServerStatus {
  readonly name: string;
  readonly transport: 'stdio' | 'http' | 'sse';
  readonly eras: Era[];
  readonly protocolVersions: string[];
  readonly serverName: string;
  readonly serverVersion: string;
  /** In words; empty when the server can be used. */
  readonly problem: string;
  readonly probed: boolean;
}
