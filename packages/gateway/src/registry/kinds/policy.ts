import Type from 'typebox';
import { CEDAR_MAX_CHARACTERS } from '../limits.ts';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, strict } from './schema.ts';

export const policyKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  spec: strict({
    cedar: Type.String({ minLength: 1, maxLength: CEDAR_MAX_CHARACTERS }),
    description,
    enabled: Type.Boolean({ default: true }),
    mode: Type.Optional(Type.Enum(['enforce', 'dry-run'])),
  }),
};
