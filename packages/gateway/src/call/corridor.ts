import { afterwards } from './afterwards.ts';
import { Interims } from './interims.ts';
import { asksForAccess, runRequestAccess } from './request-access.ts';
import type { Answer, Rooms } from './rooms.ts';
import { settle, type Trail } from './settle.ts';
import {
  admit,
  announceSession,
  approve,
  attach,
  authenticate,
  decide,
  dispatch,
  inspect,
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
    if (asksForAccess(attached.fields.message)) return await runRequestAccess(rooms, attached, answer);

    const inspected = await inspect(rooms, attached);

    const decided = decide(rooms, inspected);
    trail.decided = decided;

    const approved = await approve(rooms, decided, answer, trail);

    const admitted = await admit(rooms, approved);
    trail.admitted = admitted;

    const intended = await recordIntent(rooms, admitted); // commit point 1
    trail.intended = intended;
    announceSession(attached, answer);

    trail.interims = new Interims(rooms, attached.fields, intended.fields.facts, (raw) =>
      answer.interim(raw),
    );
    const answered = await dispatch(rooms, intended, answer, trail.interims);

    const masked = await mask(rooms, answered);

    const settled = await recordOutcome(rooms, masked); // commit point 2
    trail.settled = settled;

    await afterwards(rooms, attached, answered);
    respond(settled, answer);
  } catch (thrown) {
    trail.interims?.drop();
    await settle(rooms, trail, thrown, answer);
  } finally {
    trail.admitted?.fields.release(trail.intended !== undefined && trail.ending !== 'not_sent');
    const method = trail.attached?.fields.controls?.method ?? 'other';
    rooms.counters.call(
      method,
      trail.ending ?? 'answered',
      rooms.clock.monotonicMs() - received.fields.startedMs,
    );
  }
}
