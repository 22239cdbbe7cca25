import Type from 'typebox';
import { AGENTS_MAX, CALL_MAX_SECONDS, SESSION_MAX_MINUTES } from '../limits.ts';
import { serverMasking } from './masking.ts';
import { description, type Kind, SERVER_NAME, SERVER_NAME_RULE, strict } from './schema.ts';
import { argumentProblems, argumentsSchema, labelsSchema, takeShortReadings } from './server-arguments.ts';
import { pinProblems, pinRulesSchema } from './server-pins.ts';

export const serverKind: Kind = {
  namePattern: new RegExp(SERVER_NAME),
  nameRule: SERVER_NAME_RULE,
  spec: strict({
    agents: Type.Array(Type.String({ pattern: SERVER_NAME }), {
      minItems: 1,
      maxItems: AGENTS_MAX,
      uniqueItems: true,
    }),
    agentServer: Type.Optional(Type.String({ pattern: SERVER_NAME })),
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    description,
    enabled: Type.Boolean({ default: true }),
    // PCI DSS 8.2.8: a session idle for more than 15 minutes must be opened again.
    idleMinutes: Type.Integer({ minimum: 1, maximum: SESSION_MAX_MINUTES, default: 15 }),
    absoluteMinutes: Type.Integer({ minimum: 1, maximum: SESSION_MAX_MINUTES, default: 720 }),
    callTimeoutSeconds: Type.Integer({ minimum: 1, maximum: CALL_MAX_SECONDS, default: 300 }),
    masking: Type.Optional(serverMasking),
    grants: Type.Optional(
      strict({
        // Thirty days: what holds longer is not just in time.
        maxMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200 })),
        ticket: Type.Optional(Type.Enum(['required', 'optional'])),
      }),
    ),
    arguments: argumentsSchema,
    labels: labelsSchema,
    results: Type.Optional(
      strict({
        hidden: Type.Optional(Type.Enum(['strip', 'refuse', 'pass'])),
        label: Type.Optional(Type.Boolean()),
        links: Type.Optional(Type.Enum(['pass', 'defang'])),
      }),
    ),
    pins: Type.Optional(Type.Enum(['review', 'second-person', 'first-use'])),
    pinRules: pinRulesSchema,
  }),
  takeShortForms: takeShortReadings,
  problems: (spec) => [...argumentProblems(spec), ...pinProblems(spec)],
};
