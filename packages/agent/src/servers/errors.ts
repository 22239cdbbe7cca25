import { SallyportError } from '@sallyport/shared/errors';

export type ServerErrorCode = 'server_unavailable' | 'forbidden_by_agent';

/** A server can't be started or reached. `message` says in plain words why. */
export class ServerError extends SallyportError<ServerErrorCode> {
  override readonly name = 'ServerError';

  constructor(code: ServerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, origin: 'agent' });
  }
}
