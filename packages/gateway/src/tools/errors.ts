import { SallyportError } from '@sallyport/shared/errors';

export type ToolErrorCode =
  | 'not_found'
  | 'conflict' // the tool is not, or no longer, as the reviewer saw it
  | 'unavailable';

/** What the tools room refuses. The message is for the caller. */
export class ToolError extends SallyportError<ToolErrorCode> {
  override readonly name = 'ToolError';
}
