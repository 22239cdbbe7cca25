import Type from 'typebox';
import { GROUPS_MAX } from '../limits.ts';
import { ROLES } from '../types.ts';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, strict } from './schema.ts';

export const serviceAccountKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  spec: strict({
    groups: Type.Array(Type.String({ pattern: PLAIN_NAME }), {
      maxItems: GROUPS_MAX,
      uniqueItems: true,
      default: [],
    }),
    roles: Type.Array(Type.Enum([...ROLES]), { uniqueItems: true, default: [] }),
    description,
    disabled: Type.Boolean({ default: false }),
  }),
};
