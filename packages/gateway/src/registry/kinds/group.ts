import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, strict } from './schema.ts';

export const groupKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  spec: strict({ description }),
};
