import { negotiatedVersion } from '../session/index.ts';
import type { Rooms } from './rooms.ts';
import type { Answered, Attached } from './stages.ts';

/** What an answer means for its session: the revision the server chose, or that there is no session after all. */
export async function afterwards(rooms: Rooms, call: Attached, answered: Answered): Promise<void> {
  const { session, message } = call.fields;
  if (message.method !== 'initialize') return;
  const version = negotiatedVersion(answered.fields.answer);
  if (version === undefined) session.end('the server refused initialize');
  else await rooms.sessions.negotiated(session, version);
}
