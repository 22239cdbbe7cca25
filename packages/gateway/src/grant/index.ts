import { errorText } from '@sallyport/shared/errors';
import { type GrantsOptions, OpenGrants } from './grants.ts';
import { TICK_MS } from './limits.ts';
import { CHANNEL } from './steps.ts';
import type { Grants } from './types.ts';

export type { GrantEntry, RecordGrantEntry } from './entries.ts';
export { GrantError, type GrantErrorCode } from './errors.ts';
export type { ApprovalAsk, GrantsOptions, RequestDecision } from './grants.ts';
export { type AccessReview, AccessReviews, type ReviewEntry } from './reviews.ts';
export type { GrantBounds } from './terms.ts';
export type {
  ArgumentLimit,
  Grant,
  GrantActor,
  GrantChange,
  GrantFact,
  GrantQuery,
  GrantState,
  Grants,
  GrantTerms,
  NarrowedTerms,
} from './types.ts';

/** Opens the grant room: what is in force is read before it resolves, and kept current by notice and each second. */
export async function openGrants(options: GrantsOptions): Promise<Grants> {
  const grants = new OpenGrants(options);
  const again = (): void => {
    grants.reload().catch((error: unknown) => {
      options.logger.debug('grants not read', { reason: errorText(error) });
    });
  };
  await options.store.listen(CHANNEL, again, again);
  await grants.reload();
  let ticking = false;
  const timer = setInterval(() => {
    if (ticking) return;
    ticking = true;
    grants
      .tick()
      .catch((error: unknown) => options.logger.debug('grants not settled yet', { reason: errorText(error) }))
      .finally(() => {
        ticking = false;
      });
  }, TICK_MS);
  timer.unref();
  const close = grants.close.bind(grants);
  grants.close = async () => {
    clearInterval(timer);
    await close();
  };
  return grants;
}
