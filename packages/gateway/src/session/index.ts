export { SessionError, type SessionErrorCode } from './errors.ts';
export type { Exchange } from './exchange.ts';
export { Labels } from './labels.ts';
export type { Link } from './link.ts';
export { negotiatedVersion, type Session } from './session.ts';
export { Sessions } from './sessions.ts';
export { SessionStore, type StoredSession } from './store.ts';
export type {
  AgentScope,
  Arrival,
  Arrived,
  AtAgent,
  Era,
  ExchangeEnd,
  OpenChannel,
  SessionChannel,
  SessionIdentity,
} from './types.ts';
