import { SallyportError } from '@sallyport/shared/errors';

/** Why a call ended before its answer. Closed: people and scripts act on these. */
export type EndingCode =
  | 'malformed'
  | 'unauthenticated'
  | 'unknown_server'
  | 'unknown_session'
  | 'session_required'
  | 'refused_method'
  | 'header_mismatch'
  | 'unsupported_version'
  | 'era_unavailable'
  | 'denied'
  | 'tool_unpinned'
  | 'tool_changed'
  | 'tool_rejected'
  | 'tool_unusable'
  | 'invalid_arguments'
  | 'approval_unavailable'
  | 'approval_pending'
  | 'approval_denied'
  | 'limit'
  | 'log_unavailable'
  | 'not_sent'
  | 'unknown'
  | 'cancelled'
  | 'withheld'
  | 'masking_refused'
  | 'internal';

/** How the caller is told. */
export interface Reply {
  /** HTTP status. */
  readonly status: number;
  /** JSON-RPC error code. */
  readonly rpcCode: number;
  readonly data?: Record<string, unknown>;
  /** Told as the tool's own error, which models see and can mend (MCP 2025-11-25, SEP-1303). */
  readonly asToolError?: true;
  readonly headers?: Readonly<Record<string, string>>;
  /** A result instead of the error: what a client is to go on with is no failure of its request. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/**
 * A call ends here. Thrown by a stage, caught by `settle` alone, which records it and answers.
 * `message` is what the caller reads; `detail` is for the record.
 */
export class Ending extends SallyportError<EndingCode> {
  override readonly name = 'Ending';
  readonly reply: Reply;

  constructor(
    code: EndingCode,
    message: string,
    reply: Reply,
    options: { cause?: unknown; detail?: string } = {},
  ) {
    super(code, message, options);
    this.reply = reply;
  }
}

/** JSON-RPC codes of our own refusals, in the range MCP leaves to implementations. */
export const REFUSAL = {
  /** The gateway can't serve the era the client speaks, or lacks something: clients fall back on it. */
  general: -32000,
  unauthenticated: -32001,
  sessionUnknown: -32001,
  denied: -32003,
  unavailable: -32004,
  notSent: -32005,
  unknown: -32006,
  cancelled: -32007,
  withheld: -32008,
  limit: -32009,
} as const;
