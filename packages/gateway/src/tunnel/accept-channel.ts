import { status } from '@grpc/grpc-js';
import type { ChannelCall } from './channel.ts';
import { Refusal } from './errors.ts';
import { firstMessage } from './first-message.ts';
import { type Gate, sourceOf } from './gate.ts';
import type { Hub } from './hub.ts';
import type { Identity } from './identify.ts';

/** Channel: certificate, ChannelHello, and a channel that waits for exactly this stream. Anything else is ended at once. */
export async function acceptChannel(
  parts: { gate: Gate; hub: Hub; helloMaxMs: number },
  call: ChannelCall,
): Promise<void> {
  const { gate, hub, helloMaxMs } = parts;
  call.pause();
  let identity: Identity | undefined;
  try {
    identity = await gate.identify(call, 'Channel');
    const first = await firstMessage(call, helloMaxMs);
    if (first === undefined) return;
    if (!first.hello)
      throw new Refusal(status.FAILED_PRECONDITION, 'protocol', 'The first frame must be ChannelHello.');
    hub.opens.accept(call, identity, first.hello.channelId);
  } catch (error) {
    // An agent that reaches for another's session is for the log; a channel that came too late is not.
    if (error instanceof Refusal && error.reason === 'foreign_channel') {
      await gate.recordFailure('Channel', sourceOf(call), error, { agent: identity?.agent });
    }
    gate.turnAway(call, 'Channel', error);
  }
}
