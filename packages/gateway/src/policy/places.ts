import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyProblem } from './types.ts';

/** The engine's complaint in our words. `offset` is where the text that the engine read begins in the document, in bytes. */
export function problemOf(error: DetailedError, text: string, offset: number): PolicyProblem {
  const location = error.sourceLocations?.[0];
  const help = error.help ?? location?.label ?? undefined;
  return {
    message: inWords(error.message),
    ...(location === undefined ? {} : placeAt(text, offset + location.start)),
    ...(help === undefined ? {} : { help: inWords(help) }),
  };
}

/** Leaves out the engine's own numbering of policies, and for which of several actions it found a mistake. */
function inWords(message: string): string {
  return message
    .replace(/^failed to parse policies from string: /, '')
    .replace(/^for policy `[^`]*`, /, '')
    .replace(/ in context for [\s\S]*?(?= not found$|$)/, ' in context');
}

/** Line and column of a place given in bytes, both from 1; columns count UTF-16 units, as editors do. */
export function placeAt(text: string, bytes: number): { line: number; column: number } {
  return placeAtIndex(text, Buffer.from(text).subarray(0, bytes).toString().length);
}

export function placeAtIndex(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  return { line: before.split('\n').length, column: index - before.lastIndexOf('\n') };
}
