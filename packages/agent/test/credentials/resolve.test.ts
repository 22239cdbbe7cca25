import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCredentials } from '../../src/credentials/index.ts';
import { scratch } from '../gateway-side/agent.ts';

const { path: folder, clean } = scratch();
afterAll(clean);

const credentials = openCredentials((name) => ({ TOKEN: '$&-s3cret', BROKEN: 'a\nb', EMPTY: '' })[name]);

function from(reference: string, format = '{}'): string | undefined {
  return credentials.resolve({ value: { kind: 'credential', reference, format } }).value;
}

describe('credentials', () => {
  it('come from the environment, formatted, with every character as it is', () => {
    expect(from('env:TOKEN', 'Bearer {}')).toBe('Bearer $&-s3cret');
    expect(credentials.resolve({ plain: { kind: 'literal', text: 'x' } })).toEqual({ plain: 'x' });
  });

  it('come from a file, read anew at each use', () => {
    const file = join(folder, 'secret');
    writeFileSync(file, 'one\n');
    expect(from(`file:${file}`)).toBe('one');
    writeFileSync(file, 'two\n');
    expect(from(`file:${file}`)).toBe('two');
  });

  it('that are missing or malformed are refused in words without their value', () => {
    expect(() => from('env:NONE')).toThrow(/the environment variable NONE is not set/);
    expect(() => from('env:EMPTY')).toThrow(/EMPTY is not set/);
    expect(() => from(`file:${folder}/none`)).toThrow(/none can't be read \(ENOENT\)/);
    expect(() => from('vault:x')).toThrow(/no way to read the credential vault:x/);
    expect(() => from('env:BROKEN')).toThrow(/^the credential env:BROKEN is not one line$/);
  });
});
