import { afterwards } from './afterwards.ts';
import { readyInterim } from './interim.ts';
import type { Answer, Rooms } from './rooms.ts';
import { settle, type Trail } from './settle.ts';
import {
  announceSession,
  approve,
  attach,
  authenticate,
  decide,
  dispatch,
  mask,
  type Received,
  recordIntent,
  recordOutcome,
  respond,
} from './stages.ts';

/**
 * The whole way of one request, start to end (DESIGN.md §3).
 *
 * No byte reaches the server before commit point 1, no byte reaches the client before commit point 2. A stage that
 * can't do its work throws; `settle` is the one exit, where every other ending is recorded and answered.
 */
export async function runCall(rooms: Rooms, received: Received, answer: Answer): Promise<void> {
  const trail: Trail = { received };
  try {
    const authenticated = authenticate(rooms, received);
    trail.authenticated = authenticated;

    const attached = await attach(rooms, authenticated);
    trail.attached = attached;

    const decided = decide(rooms, attached);
    trail.decided = decided;

    const approved = approve(rooms, decided);

    const intended = await recordIntent(rooms, approved); // commit point 1
    trail.intended = intended;
    announceSession(attached, answer);

    const answered = await dispatch(rooms, intended, answer, (interim) =>
      readyInterim(rooms, intended, interim),
    );

    const masked = mask(rooms, answered);

    const settled = await recordOutcome(rooms, masked); // commit point 2
    trail.settled = settled;

    await afterwards(rooms, attached, answered);
    respond(settled, answer);
  } catch (thrown) {
    await settle(rooms, trail, thrown, answer);
  } finally {
    const method = trail.attached?.fields.controls?.method ?? 'other';
    rooms.counters.call(
      method,
      trail.ending ?? 'answered',
      rooms.clock.monotonicMs() - received.fields.startedMs,
    );
  }
}
