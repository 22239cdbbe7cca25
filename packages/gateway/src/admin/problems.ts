import { type ErrorOrigin, SallyportError } from '@sallyport/shared/errors';
import { ApprovalError, type ApprovalErrorCode } from '../approval/index.ts';
import { GrantError, type GrantErrorCode } from '../grant/index.ts';
import { ProposalError, type ProposalErrorCode } from '../proposal/index.ts';
import { RegistryError } from '../registry/index.ts';
import { ToolError } from '../tools/index.ts';

/** What can go wrong with a request to the API, with its status. Closed: scripts act on these. */
const PROBLEMS = {
  malformed_request: { status: 400, title: 'The request could not be read' },
  invalid_request: { status: 400, title: 'A field is not as it must be' },
  unauthenticated: { status: 401, title: 'No valid token' },
  forbidden: { status: 403, title: 'A role is missing' },
  unknown_route: { status: 404, title: 'There is no such route' },
  not_found: { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'The state does not allow it' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON' },
  invalid_documents: { status: 422, title: 'Documents have problems' },
  internal: { status: 500, title: 'The gateway failed' },
  unavailable: { status: 503, title: 'The gateway cannot do this now' },
  agent_away: { status: 503, title: 'The agent is not attached' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[]; // the keys of a constant are its own union

/** One thing wrong inside a request with several, such as a document of an apply. */
export interface ProblemItem {
  readonly kind: string;
  readonly name: string;
  readonly place?: string;
  readonly path: string;
  readonly message: string;
}

/** Members of a problem beyond RFC 9457's. */
export interface ProblemExtensions {
  /** The field at fault, `documents[0].kind`. */
  readonly field?: string;
  /** Roles of which one would do. */
  readonly roles?: readonly string[];
  readonly problems?: readonly ProblemItem[];
}

/** An error of the admin layer, with what its problem document says. */
export class AdminError extends SallyportError<ProblemCode> {
  override readonly name = 'AdminError';
  readonly extensions: ProblemExtensions;

  constructor(
    code: ProblemCode,
    message: string,
    options: { origin?: ErrorOrigin; cause?: unknown; detail?: string } & ProblemExtensions = {},
  ) {
    const { field, roles, problems, ...rest } = options;
    super(code, message, { origin: PROBLEMS[code].status < 500 ? 'client' : 'gateway', ...rest });
    this.extensions = {
      ...(field === undefined ? {} : { field }),
      ...(roles === undefined ? {} : { roles }),
      ...(problems === undefined ? {} : { problems }),
    };
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** The body of an error answer (RFC 9457 §3). `request` is in the gateway's log too. */
export function problemDocument(error: AdminError, request: string): string {
  return JSON.stringify({
    type: `urn:sallyport:problem:${error.code}`,
    title: PROBLEMS[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.message,
    request,
    ...error.extensions,
  });
}

/**
 * Whatever was thrown while serving a request, as an error of ours. Only messages that are made for callers pass:
 * those of SallyportError, and our own words for what fastify found. Everything else becomes `internal`, without
 * its text.
 */
export function asAdminError(thrown: unknown, databaseHealthy: boolean): AdminError {
  if (thrown instanceof AdminError) return thrown;
  if (thrown instanceof SallyportError) return fromRoom(thrown);
  const code = codeOf(thrown);
  const known = code === undefined ? undefined : FROM_FASTIFY[code];
  if (known !== undefined) return new AdminError(known.code, known.message, { cause: thrown });
  if (statusOf(thrown) === 400) {
    return new AdminError('malformed_request', 'The body is not valid JSON. Send one JSON object.', {
      cause: thrown,
    });
  }
  if (!databaseHealthy || (code !== undefined && DATABASE_AWAY.test(code))) {
    return new AdminError(
      'unavailable',
      'The database does not answer, so nothing was changed or read. Try again once /readyz says ready.',
      { cause: thrown },
    );
  }
  // pg gives no code to a connection that was lost under a statement.
  if (thrown instanceof Error && thrown.message.startsWith('Connection terminated')) {
    return new AdminError(
      'unavailable',
      'The database went away while this request was served; whether it took effect can be seen in the audit log. Try again once /readyz says ready.',
      { cause: thrown },
    );
  }
  return new AdminError(
    'internal',
    'The gateway failed while serving this request; whether it took effect can be seen in the audit log. ' +
      "Look for the request's id in the gateway's log.",
    { cause: thrown },
  );
}

/** Socket errors, and the SQLSTATE classes of connections, resources and shutdown. */
const DATABASE_AWAY = /^(ECONN\w+|ENOENT|EPIPE|ETIMEDOUT|08\w{3}|53\w{3}|57P\w{2})$/;

const FROM_FASTIFY: Readonly<Record<string, { code: ProblemCode; message: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    message: 'The body is larger than 1 MiB. Send fewer documents at a time.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    message: 'The API takes JSON. Send the header "Content-Type: application/json".',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    code: 'malformed_request',
    message:
      'The body is empty though its type says JSON. Send a JSON object, or leave the Content-Type out.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed_request',
    message: 'The body is not as long as its Content-Length says. Send it again.',
  },
  FST_ERR_BAD_URL: {
    code: 'malformed_request',
    message: 'The path is not valid percent-encoding. Encode it anew.',
  },
};

function fromRoom(error: SallyportError): AdminError {
  const options = { cause: error, ...(error.detail === undefined ? {} : { detail: error.detail }) };
  if (error instanceof ApprovalError)
    return new AdminError(FROM_APPROVAL[error.code], error.message, options);
  if (error instanceof GrantError) return new AdminError(FROM_GRANT[error.code], error.message, options);
  if (error instanceof ProposalError)
    return new AdminError(FROM_PROPOSAL[error.code], error.message, options);
  if (error instanceof ToolError) return new AdminError(error.code, error.message, options);
  switch (error.code) {
    case 'conflict':
      return new AdminError('conflict', error.message, options);
    case 'invalid':
      // Other rooms use the word for faults of ours, such as an entry that cannot be written.
      return new AdminError(
        error instanceof RegistryError ? 'invalid_documents' : 'internal',
        error.message,
        options,
      );
    case 'unavailable':
      return new AdminError('unavailable', error.message, options);
    case 'agent_away':
    case 'draining':
      return new AdminError('agent_away', error.message, options);
    default:
      return new AdminError('internal', error.message, options);
  }
}

const FROM_GRANT: Readonly<Record<GrantErrorCode, ProblemCode>> = {
  invalid: 'invalid_request',
  denied: 'forbidden',
  too_many: 'conflict',
  not_found: 'not_found',
  conflict: 'conflict',
  ended: 'conflict',
  unavailable: 'unavailable',
};

const FROM_APPROVAL: Readonly<Record<ApprovalErrorCode, ProblemCode>> = {
  approval_unavailable: 'conflict',
  invalid: 'invalid_request',
  own: 'forbidden',
  not_eligible: 'forbidden',
  not_found: 'not_found',
  conflict: 'conflict',
  too_many: 'conflict',
  unavailable: 'unavailable',
};

const FROM_PROPOSAL: Readonly<Record<ProposalErrorCode, ProblemCode>> = {
  invalid: 'invalid_request',
  not_found: 'not_found',
  own: 'forbidden',
  conflict: 'conflict',
  unavailable: 'unavailable',
};

function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return undefined;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
}
