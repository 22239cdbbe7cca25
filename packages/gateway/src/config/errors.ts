import { SallyportError } from '@sallyport/shared/errors';

/** The process can't start with these settings; the message says which and why. */
export class ConfigError extends SallyportError<'config'> {
  override readonly name = 'ConfigError';
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('config', message, options);
  }
}
