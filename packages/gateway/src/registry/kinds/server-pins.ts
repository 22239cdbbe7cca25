import Type from 'typebox';
import { PIN_RULES_MAX } from '../limits.ts';
import type { ServerSpec } from '../types.ts';
import { strict } from './schema.ts';
import { LABEL, TOOL_PATTERN } from './server-arguments.ts';

/** Classes of tools that are pinned without a reviewer. None by default. */
export const pinRulesSchema = Type.Optional(
  Type.Array(
    strict({
      name: Type.String({ pattern: LABEL }),
      tools: Type.Array(Type.String({ pattern: TOOL_PATTERN }), {
        minItems: 1,
        maxItems: 50,
        uniqueItems: true,
      }),
      changed: Type.Optional(Type.Boolean()),
    }),
    { minItems: 1, maxItems: PIN_RULES_MAX },
  ),
);

/** Two rules of one name could not be told apart in the log; and what two people must do, no rule does. */
export function pinProblems(given: Record<string, unknown>): { path: string; message: string }[] {
  // The schema has accepted it.
  const { pins, pinRules = [] } = given as Pick<ServerSpec, 'pins' | 'pinRules'>;
  const problems = pinRules.flatMap(({ name }, index) =>
    pinRules.findIndex((other) => other.name === name) === index
      ? []
      : [{ path: `pinRules[${index}].name`, message: `another rule is already named "${name}".` }],
  );
  if (pins === 'second-person' && pinRules.length > 0) {
    problems.push({
      path: 'pinRules',
      message: 'pins without anybody, where pins: second-person demands two. Leave one of them out.',
    });
  }
  return problems;
}
