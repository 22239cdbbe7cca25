import Type from 'typebox';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, strict } from './schema.ts';

/** A fortnight: who needs longer asks again. */
const TIME_LIMIT_MAX_MINUTES = 14 * 24 * 60;
/** An approval lies about for a working day at most. */
const VALID_MAX_MINUTES = 8 * 60;

const groups = Type.Array(Type.String({ pattern: PLAIN_NAME }), {
  minItems: 1,
  maxItems: 20,
  uniqueItems: true,
});
const minutes = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?(Z|[+-]\\d{2}:\\d{2})$',
});
const time = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' });
const account = Type.String({ pattern: PLAIN_NAME });

interface Flow {
  readonly timeLimitMinutes: number;
  readonly escalation: readonly { readonly afterMinutes: number }[];
  readonly delegations: readonly { readonly from: string; readonly to: string }[];
  readonly businessHours?: { readonly timeZone: string; readonly from: string; readonly until: string };
}

/** Who approves, how many, within what time, and what happens when nobody does. */
export const approvalFlowKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  problems: flowProblems,
  spec: strict({
    description,
    stages: Type.Array(
      strict({ approvers: groups, needed: Type.Integer({ minimum: 1, maximum: 10, default: 1 }) }),
      { minItems: 1, maxItems: 5 },
    ),
    order: Type.Enum(['any', 'in-order'], { default: 'any' }),
    timeLimitMinutes: Type.Integer({ minimum: 1, maximum: TIME_LIMIT_MAX_MINUTES, default: 60 }),
    validMinutes: Type.Integer({ minimum: 1, maximum: VALID_MAX_MINUTES, default: 10 }),
    holdSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
    escalation: Type.Array(strict({ afterMinutes: minutes(TIME_LIMIT_MAX_MINUTES), approvers: groups }), {
      maxItems: 5,
      default: [],
    }),
    delegations: Type.Array(
      strict({ from: account, to: account, begins: Type.Optional(instant), until: instant }),
      { maxItems: 100, default: [] },
    ),
    businessHours: Type.Optional(
      strict({
        timeZone: Type.String({ minLength: 1, maxLength: 64 }),
        days: Type.Array(Type.Enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']), {
          minItems: 1,
          uniqueItems: true,
          default: ['mon', 'tue', 'wed', 'thu', 'fri'],
        }),
        from: time,
        until: time,
        outside: Type.Enum(['wait', 'deny'], { default: 'wait' }),
      }),
    ),
    breakGlass: Type.Optional(
      strict({
        approvers: groups,
        reviewers: groups,
        // A working day, and the night before it.
        reviewMinutes: Type.Integer({ minimum: 1, maximum: TIME_LIMIT_MAX_MINUTES, default: 24 * 60 }),
      }),
    ),
  }),
};

function flowProblems(spec: Record<string, unknown>): { path: string; message: string }[] {
  const flow = spec as unknown as Flow; // cast: the schema has just accepted it
  const problems = flow.escalation.flatMap(({ afterMinutes }, index) =>
    afterMinutes < flow.timeLimitMinutes
      ? []
      : [
          {
            path: `escalation[${index}].afterMinutes`,
            message: 'must be before timeLimitMinutes: then it is denied.',
          },
        ],
  );
  for (const [index, { from, to }] of flow.delegations.entries()) {
    if (from === to)
      problems.push({ path: `delegations[${index}].to`, message: 'nobody stands in for themselves.' });
  }
  const hours = flow.businessHours;
  if (hours !== undefined && hours.from >= hours.until) {
    problems.push({ path: 'businessHours.until', message: 'must be later on the same day than "from".' });
  }
  if (hours !== undefined && !knowsZone(hours.timeZone)) {
    problems.push({
      path: 'businessHours.timeZone',
      message: `"${hours.timeZone}" is no time zone; write one like Europe/Berlin.`,
    });
  }
  return problems;
}

function knowsZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone });
    return true;
  } catch {
    return false;
  }
}
