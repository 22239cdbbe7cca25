import { SallyportError } from '@sallyport/shared/errors';
import type { HygieneFindings } from './types.ts';

/** A message that is not released. */
export class HygieneRefusal extends SallyportError<'hidden' | 'unreadable'> {
  override readonly name = 'HygieneRefusal';
  readonly findings: HygieneFindings;

  constructor(code: 'hidden' | 'unreadable', message: string, findings: HygieneFindings, cause?: unknown) {
    super(code, message, { origin: 'server', cause });
    this.findings = findings;
  }
}
