import type { CallToolResult } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { BankError, toBankError } from '../errors.ts';

/** An identifier as the bank writes it; anything else is refused before the database is asked. */
export const accountId = z
  .string()
  .regex(/^ACC-\d{6}$/, 'an account id looks like ACC-000001')
  .describe('Account id, such as ACC-000001');
export const calendarDay = z.iso.date('a day looks like 2026-03-31');
/** Money: integer minor units (pence, cents), never a fraction. */
export const minorUnits = z.int().describe('Amount in minor units (pence, cents): 12345 is 123.45');

/** A result for people (text) and for programs (structured content), saying the same. */
export function answer(text: string, structuredContent: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent };
}

/**
 * Turns what a tool throws into a tool error with words for the caller. A fault that is not the bank's own word goes
 * to stderr whole and to the caller as one line.
 */
export function guarded<Arguments, Result extends CallToolResult>(
  work: (args: Arguments) => Promise<Result>,
): (args: Arguments) => Promise<Result | CallToolResult> {
  return async (args) => {
    try {
      return await work(args);
    } catch (error) {
      const known = error instanceof BankError ? error : toBankError(error);
      return { isError: true, content: [{ type: 'text', text: `${known.code}: ${known.message}` }] };
    }
  };
}
