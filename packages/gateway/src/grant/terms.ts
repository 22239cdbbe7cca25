import { canonicalDigest } from '@sallyport/shared/canonical-json';
import { compilePlan, maskMessage } from '@sallyport/shared/masking';
import { isNarrower, parseDecimal } from './argument-limits.ts';
import { GrantError } from './errors.ts';
import {
  ARGUMENT_LIMITS_MAX,
  DURATION_DEFAULT_MAX_SECONDS,
  DURATION_MIN_SECONDS,
  ONE_OF_MAX,
  REASON_MAX_CHARACTERS,
  REASON_MIN_CHARACTERS,
  TICKET_MAX_CHARACTERS,
  TOOLS_MAX,
  USES_MAX,
  VALUE_MAX_CHARACTERS,
} from './limits.ts';
import type { ArgumentLimit, Grant, GrantTerms, NarrowedTerms } from './types.ts';

/** What a Server document says of grants on it. */
export interface GrantBounds {
  readonly maxSeconds?: number;
  readonly ticket?: 'required' | 'optional';
}

const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const ARGUMENT_NAME = /^[^\p{C}\p{Z}]{1,200}$/u;
const VISIBLE = /^[^\p{Cc}\p{Cf}\p{Cs}]*$/u;

/** @throws GrantError `invalid` with what is wrong and what would be right. */
export function checkTerms(terms: GrantTerms, bounds: GrantBounds | undefined): void {
  if (bounds === undefined) {
    throw invalid(`there is no server named "${terms.server.slice(0, 40)}" that is switched on`);
  }
  const maxSeconds = bounds.maxSeconds ?? DURATION_DEFAULT_MAX_SECONDS;
  const { durationSeconds, tools, argumentLimits, reason, ticket, usesMax } = terms;
  if (
    !Number.isInteger(durationSeconds) ||
    durationSeconds < DURATION_MIN_SECONDS ||
    durationSeconds > maxSeconds
  ) {
    throw invalid(
      `on "${terms.server}" access lasts from ${DURATION_MIN_SECONDS / 60} to ${Math.floor(maxSeconds / 60)} minutes`,
    );
  }
  if (tools.length > TOOLS_MAX || tools.some((tool) => !TOOL_NAME.test(tool))) {
    throw invalid(`tools are at most ${TOOLS_MAX} names of A-Z, a-z, 0-9 and _ . -`);
  }
  if (
    reason.trim().length < REASON_MIN_CHARACTERS ||
    reason.length > REASON_MAX_CHARACTERS ||
    !VISIBLE.test(reason)
  ) {
    throw invalid(
      `the reason needs ${REASON_MIN_CHARACTERS} to ${REASON_MAX_CHARACTERS} characters that can be seen, in one line`,
    );
  }
  if (
    ticket !== undefined &&
    (ticket === '' || ticket.length > TICKET_MAX_CHARACTERS || !VISIBLE.test(ticket))
  ) {
    throw invalid(`the ticket has 1 to ${TICKET_MAX_CHARACTERS} characters that can be seen`);
  }
  if (ticket === undefined && bounds.ticket === 'required') {
    throw invalid(`access to "${terms.server}" needs the number of a ticket`);
  }
  for (const text of [reason, ticket ?? '']) {
    const hidden = hiddenIn(text);
    if (hidden !== undefined)
      throw invalid(`reason and ticket stand in the record for good, and hold a ${hidden}: say it without`);
  }
  if (usesMax !== undefined && (!Number.isInteger(usesMax) || usesMax < 1 || usesMax > USES_MAX)) {
    throw invalid(`the number of uses is from 1 to ${USES_MAX}`);
  }
  if (argumentLimits.length > ARGUMENT_LIMITS_MAX)
    throw invalid(`at most ${ARGUMENT_LIMITS_MAX} argument limits`);
  for (const limit of argumentLimits) checkLimit(limit);
}

const plan = compilePlan({ profiles: ['PCI', 'secrets'] });

/** What a text holds that no record may: an AI agent writes the reason, and writes down what it has seen. */
function hiddenIn(text: string): string | undefined {
  const { findings } = maskMessage(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { text } })),
    plan,
  );
  return findings[0]?.entity;
}

function checkLimit(limit: ArgumentLimit): void {
  const { argument, min, max, oneOf, prefix } = limit;
  if (!ARGUMENT_NAME.test(argument)) throw invalid('a limit needs the name of an argument');
  if (min === undefined && max === undefined && oneOf === undefined && prefix === undefined) {
    throw invalid(`the limit on "${argument}" limits nothing: give min, max, oneOf or prefix`);
  }
  for (const bound of [min, max]) {
    if (bound !== undefined && parseDecimal(bound) === undefined) {
      throw invalid(`min and max of "${argument}" must be decimal numbers such as "5000.00"`);
    }
  }
  if (oneOf !== undefined && (oneOf.length === 0 || oneOf.length > ONE_OF_MAX)) {
    throw invalid(`oneOf of "${argument}" takes 1 to ${ONE_OF_MAX} values`);
  }
  for (const text of [prefix ?? 'x', ...(oneOf ?? [])]) {
    if (text === '' || text.length > VALUE_MAX_CHARACTERS) {
      throw invalid(`values for "${argument}" have 1 to ${VALUE_MAX_CHARACTERS} characters`);
    }
  }
}

/** What an approver consents to. */
export function termsDigest(terms: GrantTerms): string {
  const { principal, server, tools, argumentLimits, reason, ticket, durationSeconds, usesMax, session } =
    terms;
  return canonicalDigest({
    kind: 'grant',
    principal: { kind: principal.kind, name: principal.name },
    server,
    tools: [...tools].sort(),
    argumentLimits: argumentLimits.map((limit) => ({ ...limit })),
    reason,
    ticket,
    durationSeconds,
    usesMax,
    session,
  });
}

/**
 * The terms with what is narrower put in place.
 *
 * @throws GrantError `invalid` where something would be wider than what was asked for.
 */
export function narrowed(grant: Grant, by: NarrowedTerms): GrantTerms {
  const wider = (what: string) =>
    new GrantError('invalid', `Narrowing only takes away: ${what} would be wider than what was asked for.`);
  const tools = by.tools ?? grant.tools;
  if (grant.tools.length > 0 && (tools.length === 0 || !tools.every((tool) => grant.tools.includes(tool)))) {
    throw wider('the tools');
  }
  const durationSeconds = by.durationSeconds ?? grant.durationSeconds;
  if (durationSeconds > grant.durationSeconds) throw wider('the duration');
  const usesMax = by.usesMax ?? grant.usesMax;
  if (grant.usesMax !== undefined && (usesMax ?? Infinity) > grant.usesMax) throw wider('the number of uses');
  const argumentLimits = by.argumentLimits ?? grant.argumentLimits;
  if (!isNarrower(argumentLimits, grant.argumentLimits)) throw wider('an argument limit');
  const { principal, server, reason, ticket, session } = grant;
  return {
    principal,
    server,
    tools,
    argumentLimits,
    reason,
    durationSeconds,
    ...(ticket === undefined ? {} : { ticket }),
    ...(usesMax === undefined ? {} : { usesMax }),
    ...(session === undefined ? {} : { session }),
  };
}

function invalid(what: string): GrantError {
  return new GrantError('invalid', `This access can't be asked for: ${what}.`);
}
