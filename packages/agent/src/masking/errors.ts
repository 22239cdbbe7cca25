import { SallyportError } from '@sallyport/shared/errors';

/** Why rules are not taken, or tokens can't be kept. */
export type AgentMaskingErrorCode =
  | 'rules_unsigned'
  | 'rules_of_another_key'
  | 'rules_older'
  | 'rules_malformed'
  | 'rules_too_large'
  | 'state_unusable'
  | 'vault_full';

export class AgentMaskingError extends SallyportError<AgentMaskingErrorCode> {
  override readonly name = 'AgentMaskingError';
}
