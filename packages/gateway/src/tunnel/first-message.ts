import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { Refusal } from './errors.ts';

/**
 * Waits for the first message of a stream and leaves the stream paused after it. Undefined: the caller has gone.
 *
 * @throws Refusal `protocol` when the stream ends without one, or none comes within `maxMs`
 */
export function firstMessage<In, Out>(
  call: ServerDuplexStream<In, Out>,
  maxMs: number,
): Promise<In | undefined> {
  return new Promise((resolve, reject) => {
    if (call.cancelled) {
      resolve(undefined);
      return;
    }
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      call.off('data', onData);
      call.off('end', onEnd);
      call.off('cancelled', onCancelled);
      act();
    };
    const onData = (message: In): void => {
      // Before the listener goes, or what follows would be read and lost.
      call.pause();
      settle(() => resolve(message));
    };
    const onEnd = (): void => settle(() => reject(refuse('The stream ended before its first message.')));
    const onCancelled = (): void => settle(() => resolve(undefined));
    const timer = setTimeout(
      () => settle(() => reject(refuse(`No first message came within ${maxMs} ms.`))),
      maxMs,
    );
    call.on('data', onData);
    call.on('end', onEnd);
    call.on('cancelled', onCancelled);
    call.resume();
  });
}

function refuse(details: string): Refusal {
  return new Refusal(status.FAILED_PRECONDITION, 'protocol', details);
}
