import { type LimitsOptions, OpenLimits } from './open.ts';
import type { Limits } from './types.ts';

export { LimitError, type LimitErrorCode } from './errors.ts';
export type { LimitsOptions } from './open.ts';
export {
  type Admission,
  LIMIT_DIMENSIONS,
  type LimitDimension,
  type LimitQuestion,
  type LimitRule,
  type Limits,
} from './types.ts';

/** Opens the limit room with no rules in force. */
export function openLimits(options: LimitsOptions): Limits {
  return new OpenLimits(options);
}
