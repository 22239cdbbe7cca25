import { SallyportError } from '@sallyport/shared/errors';

export type ConfigErrorCode = 'config_unreadable' | 'config_invalid';

/** Something is wrong with agent.yaml. `message` names the file, the key and the reason. */
export class ConfigError extends SallyportError<ConfigErrorCode> {
  override readonly name = 'ConfigError';

  constructor(code: ConfigErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, origin: 'agent' });
  }
}
