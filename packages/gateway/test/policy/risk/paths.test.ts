// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are a shell's own.
import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PathFacts, readPath } from '../../../src/policy/risk/paths.ts';

const RULES = { roots: ['/srv/data', '/tmp/x/'] };

const INSIDE: readonly [text: string, path: string, oddities?: string][] = [
  ['/srv/data', '/srv/data'],
  ['/srv/data/', '/srv/data'],
  ['/srv/data/a.txt', '/srv/data/a.txt'],
  ['a.txt', '/srv/data/a.txt'],
  ['./a//b/./c', '/srv/data/a/b/c'],
  ['a/../b', '/srv/data/b'],
  ['/srv/./data/../data/a', '/srv/data/a'],
  ['/tmp/x/y', '/tmp/x/y'],
  ['a..b/...c', '/srv/data/a..b/...c'],
  ['', '/srv/data'],
  ['100%.txt', '/srv/data/100%.txt'],
  ['é/日本.txt', '/srv/data/é/日本.txt'],
  ['/srv/data/a%20b', '/srv/data/a%20b', 'encoded'],
  ['file:///srv/data/a', '/srv/data/file:/srv/data/a', 'url'],
  ['a\\b', '/srv/data/a\\b', 'backslash'],
  ['a\nb', '/srv/data/a\nb', 'control'],
];

const OUTSIDE: readonly [text: string, oddities?: string][] = [
  ['/etc/passwd'],
  ['/srv/database'],
  ['/srv/data2/a'],
  ['/srv'],
  ['/'],
  ['..'],
  ['../a'],
  ['a/../../b'],
  ['/srv/data/../secret'],
  ['/srv/data/a/../../../etc/passwd'],
  ['/../srv/other'],
  ['/SRV/data/a'],
  ['%2e%2e/a', 'encoded'],
  ['..%2fa', 'encoded'],
  ['%2e%2e%2fa', 'encoded'],
  ['%252e%252e%252fa', 'encoded'],
  ['%25252e%25252e%25252fa', 'encoded'],
  ['/srv/data/%2e%2e/%2e%2e/etc', 'encoded'],
  ['%2fetc/passwd', 'encoded'],
  ['%c0%ae%c0%ae/a', 'invalid'],
  [`%${'25'.repeat(9)}41`, 'encoded invalid'],
  ['%ff', 'invalid'],
  ['a%00.txt', 'encoded nul'],
  ['a\0.txt', 'nul'],
  ['\ud800', 'invalid'],
  ['..\\a', 'backslash'],
  ['a\\..\\..\\b', 'backslash'],
  ['..%5ca', 'backslash encoded'],
  ['C:\\Windows', 'backslash drive'],
  ['c:/windows', 'drive'],
  ['\\\\server\\share', 'backslash drive'],
  ['//server/share', 'drive'],
  ['\\\\?\\C:\\x', 'backslash drive'],
  ['a.txt:stream', 'drive url'],
  ['~/x', 'home'],
  ['~root/x', 'home'],
  ['$HOME/x', 'variable'],
  ['${HOME}/x', 'variable'],
  ['$(pwd)/x', 'variable'],
  ['%USERPROFILE%/x', 'variable'],
  ['\uff0e\uff0e/a', 'lookalike'],
  ['\uff0e\uff0e\uff0fa', 'lookalike'],
  ['\u2024\u2024/a', 'lookalike'],
  ['..\u2215a', 'lookalike'],
  ['\u2025/a', 'lookalike'],
  ['.. /a', 'trailing'],
  ['.../a'.replace('.../', '.. ./'), 'trailing'],
  ['file:///etc/passwd', 'url'],
  ['file:/etc/passwd', 'url'],
  ['FILE://localhost/etc/passwd', 'url'],
  ['file://server/srv/data/a', 'drive url'],
  ['http://x/srv/data/a', 'drive url'],
  ['a/'.repeat(3000), 'too_long'],
];

describe('a path inside its roots', () => {
  for (const [text, path, oddities = ''] of INSIDE) {
    test(JSON.stringify(text), () => {
      const expected = oddities.split(' ').filter((oddity) => oddity !== '');
      expect(readPath(text, RULES)).toMatchObject({ inside: true, path, climbs: false, oddities: expected });
    });
  }
});

describe('a path that is not', () => {
  for (const [text, oddities = ''] of OUTSIDE) {
    test(JSON.stringify(text).slice(0, 60), () => {
      const expected = oddities.split(' ').filter((oddity) => oddity !== '');
      expect(readPath(text, RULES)).toMatchObject({ inside: false, oddities: expected });
    });
  }

  test('without roots is nothing', () => {
    expect(readPath('/a', { roots: [] }).inside).toBe(false);
    expect(readPath('/a', { roots: ['/'] }).inside).toBe(true);
  });
});

test('climbing and hidden parts are told', () => {
  const told = (text: string): Partial<PathFacts> => readPath(text, RULES);
  expect(told('../a')).toMatchObject({ climbs: true, hidden: false, absolute: false });
  expect(told('/../a')).toMatchObject({ climbs: true, absolute: true });
  expect(told('../data/a')).toMatchObject({ climbs: true, inside: true });
  expect(told('a/.ssh/id')).toMatchObject({ climbs: false, hidden: true });
  expect(readPath('a', { ...RULES, base: '/tmp/x/y' }).path).toBe('/tmp/x/y/a');
});

test('what is inside is inside by Node as well, also after decoding', () => {
  const part = fc.constantFrom(
    '..',
    '.',
    '',
    'a',
    '%2e',
    '%2E%2e',
    '%2f',
    '\\',
    ' ',
    '%5c',
    'data',
    'srv',
    '%25',
    '2e',
    '/',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.constantFrom('', '/'), (parts, separator) => {
      const text = parts.join(separator);
      if (!readPath(text, RULES).inside) return;
      const readings = [text, text.replaceAll('\\', '/')];
      for (let reading = text; ; ) {
        const decoded = decodeURIComponent(reading.replace(/%(?![0-9a-f]{2})/gi, '%25'));
        if (decoded === reading) break;
        readings.push(decoded, decoded.replaceAll('\\', '/'));
        reading = decoded;
      }
      for (const reading of readings) {
        const resolved = posix.resolve('/srv/data', reading);
        expect(`${resolved}/`).toMatch(/^\/(?:srv\/data|tmp\/x)\//);
      }
    }),
    { numRuns: 3_000 },
  );
});
