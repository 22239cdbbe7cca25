import { systemClock } from '@sallyport/shared/clock';
import type { Approvals } from './approval/index.ts';
import type { Settings } from './config/index.ts';
import { Jobs } from './jobs/index.ts';
import type { Notify } from './notify/index.ts';
import type { Store } from './store/index.ts';
import type { Logger } from './telemetry/index.ts';

/** Opens the queue of wakes: on Redis where one is configured, else on the gateway's own Postgres. */
export async function openJobs(
  settings: Pick<Settings, 'redisUrl' | 'deploymentName'>,
  store: Store,
  logger: Logger,
  undo: (() => unknown)[],
): Promise<Jobs> {
  const { redisUrl, deploymentName } = settings;
  const place = redisUrl === undefined ? { store } : { redisUrl, prefix: `sallyport:${deploymentName}:jobs` };
  const jobs = await Jobs.open({ place, clock: systemClock, logger });
  undo.push(() => jobs.close());
  return jobs;
}

/** Joins the queue with who looks, once all rooms stand. */
export function workJobs(jobs: Jobs, approvals: Approvals, notify: Notify): void {
  jobs.work({
    approval: (id) => approvals.settle(id),
    notifications: (id) => notify.deliver(id),
  });
}
