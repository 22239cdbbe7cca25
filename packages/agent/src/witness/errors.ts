import { SallyportError } from '@sallyport/shared/errors';

export type WitnessErrorCode = 'state_unusable'; // the witness's folder can't be read or written

export class WitnessError extends SallyportError<WitnessErrorCode> {
  override readonly name = 'WitnessError';
}
