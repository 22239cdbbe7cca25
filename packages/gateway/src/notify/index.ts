import { errorText } from '@sallyport/shared/errors';
import { SWEEP_MS } from './limits.ts';
import { Notify, type NotifyOptions } from './notify.ts';

export { NotifyError, type NotifyErrorCode } from './errors.ts';
export type { Notify } from './notify.ts';
export type { Incoming, NotificationRule, Told } from './types.ts';

/** Opens the notify room: `deliver` is called by jobs, and a sweep sends what they have missed. */
export function openNotify(options: NotifyOptions): Notify {
  const notify = new Notify(options);
  let sweeping: Promise<void> | undefined;
  const timer = setInterval(() => {
    sweeping ??= notify
      .sendDue()
      .catch((error: unknown) =>
        options.logger.debug('notifications not sent yet', { reason: errorText(error) }),
      )
      .then(() => {
        sweeping = undefined;
      });
  }, SWEEP_MS);
  timer.unref();
  notify.close = async () => {
    clearInterval(timer);
    await sweeping;
  };
  return notify;
}
