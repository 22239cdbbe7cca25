import { SallyportError } from '@sallyport/shared/errors';
import type { Refusal, RefusalReason } from '@sallyport/shared/masking';

/** A message can't be masked. The text is safe to show: it holds no content. */
export class MaskingRefusal extends SallyportError<RefusalReason> {
  override readonly name = 'MaskingRefusal';
  readonly rule: string | undefined;

  constructor({ reason, message, rule }: Refusal) {
    super(reason, message);
    this.rule = rule;
  }
}
