import { DECODINGS_MAX, PATH_MAX_CHARACTERS } from './limits.ts';

/** What may make two programs read one path differently. */
export type PathOddity =
  | 'too_long'
  | 'nul'
  | 'control' // a control character, line break or bidi override
  | 'invalid' // half of a surrogate pair, or percent-encoded bytes that are no UTF-8
  | 'encoded' // percent-encoding that changes the path
  | 'backslash' // a separator to Windows, a letter to POSIX
  | 'drive' // C:, \\server\share, \\?\, a stream behind a colon
  | 'home' // ~ or ~user
  | 'variable' // $NAME, ${NAME}, %NAME%
  | 'lookalike' // characters that a compatibility form makes into dots or separators
  | 'trailing' // dots or spaces at the end of a name, which Windows drops
  | 'url'; // file: and other schemes

/** What a path names, by its text. Links on the disk are not seen: whoever opens the path resolves them again. */
export interface PathFacts {
  /** The path without `.`, `..` and empty parts, absolute; of the plain reading. */
  readonly path: string;
  readonly absolute: boolean;
  /** `..` would leave where the path begins: the base, or the root of the file system. */
  readonly climbs: boolean;
  /** Whether every reading of the path is at or under one of the roots, and nothing makes it unreadable. */
  readonly inside: boolean;
  /** A part of it begins with a dot. */
  readonly hidden: boolean;
  readonly oddities: readonly PathOddity[];
}

export interface PathRules {
  /** Absolute folders that paths may be in. Without one, nothing is inside. */
  readonly roots: readonly string[];
  /** Where relative paths begin: the first root if it isn't given. */
  readonly base?: string;
}

// With these the text doesn't say which file is meant.
const UNREADABLE: ReadonlySet<PathOddity> = new Set([
  'too_long',
  'nul',
  'invalid',
  'home',
  'variable',
  'drive',
]);

/**
 * Reads a path argument. All readings that some program may have are taken (percent-decoded up to four times, with
 * backslashes as separators, in compatibility form, without trailing dots and spaces), and only if each is inside is
 * the path.
 */
export function readPath(text: string, rules: PathRules): PathFacts {
  const oddities = new Set<PathOddity>();
  const base = rules.base ?? rules.roots[0] ?? '/';
  if (text.length > PATH_MAX_CHARACTERS) oddities.add('too_long');
  const readings = oddities.size > 0 ? [] : readingsOf(text, oddities);
  const [plain = normalise('/', text.slice(0, PATH_MAX_CHARACTERS)), ...others] = readings.map((reading) =>
    normalise(base, reading),
  );
  const all = [plain, ...others];
  const roots = rules.roots.map((root) => normalise('/', root).path);
  const readable = ![...oddities].some((oddity) => UNREADABLE.has(oddity));
  return {
    path: plain.path,
    absolute: text.startsWith('/'),
    climbs: all.some(({ climbs }) => climbs),
    inside: readable && all.every(({ path }) => roots.some((root) => isWithin(path, root))),
    hidden: all.some(({ path }) => path.includes('/.')),
    oddities: [...oddities].sort(),
  };
}

function readingsOf(text: string, oddities: Set<PathOddity>): string[] {
  const readings = new Set([text]);
  // Each step adds readings, which the later steps read again.
  for (let step = 0; step <= DECODINGS_MAX; step += 1) {
    for (const reading of [...readings]) {
      note(reading, oddities);
      for (const other of otherReadings(reading, oddities)) readings.add(other);
    }
    if (readings.size > 64) break;
  }
  // What is still encoded after so many times is meant to be read by nobody.
  const unread = (reading: string) => otherReadings(reading, new Set()).some((other) => !readings.has(other));
  if ([...readings].some(unread)) oddities.add('invalid');
  return [...readings];
}

function note(text: string, oddities: Set<PathOddity>): void {
  if (text.includes('\0')) oddities.add('nul');
  if (!text.isWellFormed()) oddities.add('invalid');
  // Controls, marks without width and of direction, line separators; a NUL is told apart.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll('\0', ''))) oddities.add('control');
  if (/^~/.test(text)) oddities.add('home');
  if (/\$[\w({]|%\w+%/.test(text.replace(/%[0-9a-f]{2}/gi, ''))) oddities.add('variable');
  if (/^[a-z]:|^(?:\\\\|\/\/)[^/\\]|\\\\[?.]\\/i.test(text)) oddities.add('drive');
  if (/[^/\\]:[^/\\]*$/.test(text) && !/^[a-z][a-z0-9+.-]+:/i.test(text)) oddities.add('drive');
}

function otherReadings(text: string, oddities: Set<PathOddity>): string[] {
  const others: string[] = [];
  const add = (reading: string, oddity: PathOddity) => {
    if (reading === text) return;
    oddities.add(oddity);
    others.push(reading);
  };
  if (/%[0-9a-f]{2}/i.test(text)) {
    const decoded = decode(text);
    if (decoded === undefined) oddities.add('invalid');
    else add(decoded, 'encoded');
  }
  const url = /^[a-z][a-z0-9+.-]+:(?:\/\/[^/]*)?/i.exec(text)?.[0];
  if (url !== undefined) {
    add(text.slice(url.length), 'url');
    // A file on another machine, or something that is no file.
    if (!/^file:(?:\/\/(?:localhost)?)?$/i.test(url)) oddities.add('drive');
  }
  add(text.replaceAll('\\', '/'), 'backslash');
  const compatible = text.normalize('NFKC').replace(/[\u2024\u2044\u2215\u29f8\u3002]/g, lookalike);
  if (separatorsOf(compatible) !== separatorsOf(text)) add(compatible, 'lookalike');
  add(text.replace(/(?<=[^/\\.])[. ]+(?=[/\\]|$)|(?<=\.\.)[. ]+(?=[/\\]|$)/g, ''), 'trailing');
  return others;
}

function lookalike(character: string): string {
  return character === '\u2024' || character === '\u3002' ? '.' : '/';
}

function separatorsOf(text: string): string {
  return text.replace(/[^./\\]/g, '');
}

function decode(text: string): string | undefined {
  try {
    // A percent sign without two digits behind it stands for itself.
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return undefined;
  }
}

/** Lexically, as POSIX reads it: RFC 3986 §5.2.4 for paths of files. */
function normalise(base: string, text: string): { path: string; climbs: boolean } {
  const start = text.startsWith('/') ? [] : base.split('/').filter((part) => part !== '' && part !== '.');
  const parts = [...start];
  let climbs = false;
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') {
      parts.push(part);
      continue;
    }
    if (parts.length === 0 || (start.length > 0 && parts.length <= start.length)) climbs = true;
    parts.pop();
  }
  return { path: `/${parts.join('/')}`, climbs };
}

function isWithin(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}
