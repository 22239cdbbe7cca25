import { SallyportError } from '@sallyport/shared/errors';

/** Why a text was not analysed. Closed. */
export type AnalyserErrorCode =
  | 'unknown_analyser'
  | 'analyser_unreachable'
  | 'analyser_failed'
  | 'analyser_slow'
  | 'analyser_overloaded'
  | 'answer_malformed'
  | 'message_too_large';

/** A text could not be analysed: the message that holds it is withheld. */
export class AnalyserError extends SallyportError<AnalyserErrorCode> {
  override readonly name = 'AnalyserError';
}
