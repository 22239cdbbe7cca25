import type { AgentFrame } from '@sallyport/proto';
import { CHANNEL_END_MS } from '../limits.ts';
import type { Assembler } from './assembler.ts';
import type { Outbox } from './outbox.ts';
import type { ChannelStream } from './types.ts';

/** The channel that a session has now. */
export interface Channel {
  readonly id: string;
  readonly stream: ChannelStream;
  readonly outbox: Outbox;
  readonly assembler: Assembler;
}

/** Says that the session is over, and ends the channel once that has left. */
export function closeChannel(
  { outbox, stream }: Channel,
  sessionEnded: NonNullable<AgentFrame['sessionEnded']>,
  urgent: boolean,
): void {
  // What a revoked session's server has said and still waits here must not leave any more.
  if (urgent) outbox.drop();
  outbox.frame({ sessionEnded });
  outbox.whenEmpty(() => {
    stream.resume();
    stream.end();
  });
  // A gateway that neither reads nor answers must not keep the stream for ever; on an ended one it does nothing.
  setTimeout(() => stream.cancel(), CHANNEL_END_MS).unref();
}
