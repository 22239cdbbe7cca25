import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSealer } from '../../src/store/index.ts';
import { temporaryFolder } from './postgres.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what is sealed opens under the same name and key, also after opening the key again', async () => {
  const file = join(folder, 'keys', 'master.key');
  const sealer = await openSealer(file, { createIfMissing: true });
  const again = await openSealer(file, { createIfMissing: true });
  expect(again.keyId).toBe(sealer.keyId);
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 200 }), (name, plaintext) => {
      expect(new Uint8Array(again.unseal(name, sealer.seal(name, plaintext)))).toEqual(plaintext);
    }),
  );
});

test('no changed byte and no other name opens', async () => {
  const sealer = await openSealer(join(folder, 'master.key'), { createIfMissing: true });
  const sealed = sealer.seal('tunnel-ca-key', Buffer.from('secret'));
  expect(() => sealer.unseal('another', sealed)).toThrow(/does not open/);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => sealer.unseal('tunnel-ca-key', changed)).toThrow();
  }
  expect(() => sealer.unseal('tunnel-ca-key', sealed.subarray(0, 20))).toThrow(/does not open/);
});

test('sealed with another key: the error names the key that is needed', async () => {
  const first = await openSealer(join(folder, 'a.key'), { createIfMissing: true });
  const second = await openSealer(join(folder, 'b.key'), { createIfMissing: true });
  expect(() => second.unseal('x', first.seal('x', Buffer.of(1)))).toThrow(
    expect.objectContaining({ code: 'key_mismatch', message: expect.stringContaining(first.keyId) }),
  );
});

test('the key file is its owner’s alone, and is never replaced', async () => {
  const file = join(folder, 'master.key');
  await Promise.all([1, 2, 3].map(() => openSealer(file, { createIfMissing: true })));
  const text = await readFile(file, 'utf8');
  await openSealer(file, { createIfMissing: true });
  expect(await readFile(file, 'utf8')).toBe(text);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a missing file and one without a key are told apart', async () => {
  const file = join(folder, 'master.key');
  await expect(openSealer(file, { createIfMissing: false })).rejects.toMatchObject({ code: 'key_missing' });
  await writeFile(file, 'change-me\n');
  await expect(openSealer(file, { createIfMissing: true })).rejects.toMatchObject({ code: 'key_invalid' });
});
