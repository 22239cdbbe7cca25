import { stderr, stdout } from 'node:process';

/** Writes a line for people. */
export function say(line: string): void {
  stdout.write(`${printable(line)}\n`);
}

/** Writes what went wrong, apart from the answer. */
export function complain(line: string): void {
  stderr.write(`sallyport-gateway: ${printable(line)}\n`);
}

/** Writes a value for a script: one JSON document. */
export function sayJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

/** Writes rows in aligned columns, or that there are none. */
export function sayTable(head: readonly string[], rows: readonly (readonly string[])[], none: string): void {
  if (rows.length === 0) {
    say(none);
    return;
  }
  const lines = [head, ...rows].map((row) => row.map((cell) => printable(cell.replaceAll('\n', ' '))));
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  for (const row of lines) {
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

/**
 * Text from elsewhere (names of clients, problems of servers) may hold escapes that would drive the terminal; control
 * characters and bidirectional overrides are shown as their codes. Line feeds and tabs are ours.
 */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n' || character === '\t' ? character : codeText(character),
  );
}

function codeText(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
