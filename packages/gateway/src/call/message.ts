import { MessageError } from '@sallyport/shared/jsonrpc';
import { runCall } from './corridor.ts';
import { runNotice } from './notify.ts';
import type { Answer, Rooms } from './rooms.ts';
import { type Incoming, receive } from './stages.ts';

/** One message from a client: a request goes the whole way, what has no answer the shorter one. */
export function runMessage(rooms: Rooms, incoming: Incoming, answer: Answer): Promise<void> {
  const received = receive(incoming, rooms.clock.monotonicMs());
  const { message } = received.fields;
  const oneWay = !(message instanceof MessageError) && message.kind !== 'request';
  return oneWay ? runNotice(rooms, received, answer) : runCall(rooms, received, answer);
}
