/** Why the quick start cannot go on, in plain words: what, why, what to do next. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type StartErrorCode =
  | 'setting' // an environment variable is wrong
  | 'already_running' // the data folder is in use by another quick start
  | 'port_busy'
  | 'build_failed'
  | 'process_failed' // a process ended or did not get ready
  | 'refused' // the gateway's API said no
  | 'data_folder'; // a file of the data folder can't be read or written

/** The error's words for a person, whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
