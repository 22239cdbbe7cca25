import Type from 'typebox';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, strict } from './schema.ts';

/** A file's name in the folder of secrets: nothing of it can lead elsewhere. */
const secret = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' });
const url = Type.String({ pattern: '^https?://[^\\s?#@]+(\\?[^\\s#]*)?$', maxLength: 2000 });
/** What the other side calls somebody → the account. */
const people = (key: string) =>
  Type.Record(Type.String({ pattern: key }), Type.String({ pattern: PLAIN_NAME }), { default: {} });

/** Where approvals are told of, and from where they may be answered. */
export const notificationKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  problems: ({ slack, webhook }) =>
    (slack === undefined) === (webhook === undefined)
      ? [{ path: 'slack', message: 'give either slack or webhook: each is a receiver of its own.' }]
      : [],
  spec: strict({
    description,
    enabled: Type.Boolean({ default: true }),
    flows: Type.Optional(
      Type.Array(Type.String({ pattern: PLAIN_NAME }), { minItems: 1, maxItems: 200, uniqueItems: true }),
    ),
    slack: Type.Optional(
      strict({
        channel: Type.String({ pattern: '^[CGD][A-Z0-9]{2,20}$' }),
        apiUrl: Type.String({ ...url, default: 'https://slack.com/api' }),
        tokenSecret: secret,
        signingSecret: secret,
        people: people('^[UW][A-Z0-9]{2,20}$'),
      }),
    ),
    webhook: Type.Optional(
      strict({
        url,
        signingSecret: secret,
        decidingSecret: Type.Optional(secret),
        people: people('^[^\\u0000-\\u001f]{1,200}$'),
      }),
    ),
  }),
};
