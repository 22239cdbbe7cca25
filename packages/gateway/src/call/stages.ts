/**
 * The type of a call after each stage. Each is a class that only its own stage's file can construct, and each
 * stage takes only the type before it: a path that skips one does not compile.
 *
 *   Received → Authenticated → Attached → Inspected → Decided → Approved → Admitted → Intended → Answered → Masked → Settled
 */
export { type Admitted, admit } from './stages/admit.ts';
export { type Approved, approve, refuseHeld } from './stages/approve.ts';
export { type Attached, attach } from './stages/attach.ts';
export { type Authenticated, authenticate } from './stages/authenticate.ts';
export { type Decided, decide } from './stages/decide.ts';
export { type Answered, dispatch } from './stages/dispatch.ts';
export { type Inspected, inspect } from './stages/inspect.ts';
export { type Masked, mask } from './stages/mask.ts';
export { type Incoming, type Received, receive } from './stages/receive.ts';
export { type Intended, recordIntent } from './stages/record-intent.ts';
export { recordOutcome, type Settled } from './stages/record-outcome.ts';
export { announceSession, respond } from './stages/respond.ts';
