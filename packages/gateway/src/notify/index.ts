import { TICK_MS } from './limits.ts';
import { Notify, type NotifyOptions } from './notify.ts';

export { NotifyError, type NotifyErrorCode } from './errors.ts';
export type { Notify } from './notify.ts';
export type { Incoming, NotificationRule, Told } from './types.ts';

/** Opens the notify room: woken by the notice of a commit, and once a second in any case. */
export async function openNotify(options: NotifyOptions, channel: string): Promise<Notify> {
  const notify = new Notify(options);
  const wake = (): void => notify.wake();
  await options.store.listen(channel, wake, wake);
  const timer = setInterval(wake, TICK_MS);
  timer.unref();
  const close = notify.close.bind(notify);
  notify.close = async () => {
    clearInterval(timer);
    await close();
  };
  return notify;
}
