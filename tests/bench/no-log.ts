/**
 * Loaded before the gateway by `pnpm bench:log-cost`, and by nothing else: the audit log takes entries and does nothing
 * with them: no leaf, no hash, no sealing, no write. There is no such switch in what is shipped. Once it is open (its
 * start is written), so that what reads the log finds one.
 */
import { newId } from '@sallyport/shared/ids';

interface Recorder {
  record(draft: unknown, evidence?: unknown): Promise<{ readonly id: string; readonly seq: number }>;
  readonly size: number;
}

// The module that the built gateway runs, by its own address: the class is one and the same.
const built = new URL('../../packages/gateway/dist/audit/log.js', import.meta.url);
const { Log }: { Log: { readonly prototype: Recorder } } = await import(built.href);
if (typeof Log.prototype.record !== 'function')
  throw new Error('the built log has no record(): this benchmark must follow what it is now');
Log.prototype.record = function record(this: Recorder) {
  return Promise.resolve({ id: newId('ent'), seq: this.size });
};
