import { SallyportError } from '@sallyport/shared/errors';

export type SessionErrorCode =
  | 'unknown_session' // no such session, it has ended, or it is somebody else's: one answer for all three
  | 'too_many_sessions'
  | 'too_many_exchanges'
  | 'duplicate_id'
  | 'no_such_request' // an answer to a request the server did not make
  | 'agent_away'
  | 'server_unavailable'
  | 'ended';

/** What can be wrong with a session. `detail` has the agent's own words, for the operator. */
export class SessionError extends SallyportError<SessionErrorCode> {
  override readonly name = 'SessionError';
}
