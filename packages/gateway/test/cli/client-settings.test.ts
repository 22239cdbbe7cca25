import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClientSettingsError, findGateway } from '../../src/config/client.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function writeQuickstart(at: string, content: unknown): string {
  mkdirSync(at, { recursive: true });
  const file = join(at, 'quickstart.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const LOCAL = { gateway: 'http://localhost:7400', tokens: { admin: 'file-token' } };

describe('finding the gateway', () => {
  test('the environment goes first, and a trailing slash is dropped', () => {
    writeQuickstart(join(folder, '.sallyport'), LOCAL);
    const environment = { SALLYPORT_URL: 'https://gateway.example.com/', SALLYPORT_TOKEN: 'env-token' };
    expect(findGateway(environment, folder)).toMatchObject({
      url: 'https://gateway.example.com',
      token: 'env-token',
    });
  });

  test("the quick start's file is found from a folder below", () => {
    const file = writeQuickstart(join(folder, '.sallyport'), LOCAL);
    const below = join(folder, 'a', 'b');
    mkdirSync(below, { recursive: true });
    expect(findGateway({}, below)).toEqual({
      url: 'http://localhost:7400',
      token: 'file-token',
      foundIn: file,
    });
  });

  test('the nearest file wins', () => {
    writeQuickstart(join(folder, '.sallyport'), LOCAL);
    const near = join(folder, 'near');
    writeQuickstart(join(near, '.sallyport'), { gateway: 'http://localhost:9', tokens: { admin: 'near' } });
    expect(findGateway({}, near).token).toBe('near');
  });

  test('the file is found where pnpm was called when the script runs elsewhere', () => {
    const called = join(folder, 'project');
    writeQuickstart(join(called, '.sallyport'), LOCAL);
    const elsewhere = join(folder, 'workspace');
    mkdirSync(elsewhere);
    expect(findGateway({ INIT_CWD: called }, elsewhere).token).toBe('file-token');
  });

  test('SALLYPORT_DATA_DIR names the folder, absolute or not', () => {
    writeQuickstart(join(folder, 'data'), LOCAL);
    expect(findGateway({ SALLYPORT_DATA_DIR: join(folder, 'data') }, tmpdir()).token).toBe('file-token');
    expect(findGateway({ SALLYPORT_DATA_DIR: 'data' }, folder).token).toBe('file-token');
  });

  test('a token from the environment goes to a gateway of the file on this machine', () => {
    writeQuickstart(join(folder, '.sallyport'), LOCAL);
    expect(findGateway({ SALLYPORT_TOKEN: 'env-token' }, folder)).toMatchObject({
      url: 'http://localhost:7400',
      token: 'env-token',
    });
  });

  test('a token from the environment never goes to another machine that only a file names', () => {
    writeQuickstart(join(folder, '.sallyport'), { ...LOCAL, gateway: 'https://attacker.example' });
    expect(() => findGateway({ SALLYPORT_TOKEN: 'env-token' }, folder)).toThrow(/Set SALLYPORT_URL/);
  });

  test('the token of a file never goes to another gateway that only the environment names', () => {
    writeQuickstart(join(folder, '.sallyport'), LOCAL);
    expect(() => findGateway({ SALLYPORT_URL: 'https://gateway.example.com' }, folder)).toThrow(
      /SALLYPORT_TOKEN is not/,
    );
  });

  test.each([
    ['nothing anywhere', {}, undefined, /no gateway found/],
    [
      'a URL that is none',
      { SALLYPORT_URL: 'gateway:7400', SALLYPORT_TOKEN: 't' },
      undefined,
      /not a gateway/,
    ],
    ['a file that is not JSON', {}, '{', /cannot be read/],
    ['a file without a token', {}, { gateway: 'http://localhost:7400' }, /tokens.admin/],
  ])('%s is said in one line', (_, environment, file, message) => {
    if (file !== undefined) writeQuickstart(join(folder, '.sallyport'), file);
    const find = (): unknown => findGateway(environment, folder);
    expect(find).toThrow(ClientSettingsError);
    expect(find).toThrow(message);
  });
});
