import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  checkpointText,
  newSeed,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  SIGNATURE_TYPE,
  signatureLine,
  signingKey,
  signNote,
  verifierKeyText,
  verifyNote,
} from '../../src/merkle/index.ts';

// Published with other implementations of C2SP signed-note.
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const NOTE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

const root = Buffer.alloc(32, 7);
const text = checkpointText({ origin: 'bank/log/0', size: 42, root });
const log = signingKey('bank/log/0', newSeed(), SIGNATURE_TYPE.ed25519);
const witness = signingKey('bank/agent/branch', newSeed(), SIGNATURE_TYPE.cosignature);

test("another implementation's note and key are understood, and a changed note is refused", () => {
  const key = parseVerifierKey(VKEY);
  expect(key).toMatchObject({ name: 'example.com/foo', type: SIGNATURE_TYPE.ed25519 });
  expect(verifierKeyText(key)).toBe(VKEY);
  expect(verifyNote(parseNote(NOTE), [key])).toEqual([{ key }]);
  expect(() => verifyNote(parseNote(NOTE.replace('example message', 'Example message')), [key])).toThrow(
    /signature of example.com\/foo \(530d903a\) is wrong/,
  );
  expect(() => parseVerifierKey(VKEY.replace('530d903a', '530d903b'))).toThrow(/not that of its key/);
});

test('a signed checkpoint comes back as it was, with the time of its cosignature', () => {
  const note = signNote(text, [log, witness], 1_800_000_000);
  const parsed = parseNote(note);
  expect(parseCheckpoint(parsed.text)).toEqual({ origin: 'bank/log/0', size: 42, root });
  expect(verifyNote(parsed, [log, witness])).toEqual([
    { key: log },
    { key: witness, timeSeconds: 1_800_000_000 },
  ]);
  const later = parseNote(note + signatureLine(text, witness, 1_800_000_060));
  expect(verifyNote(later, [witness]).map(({ timeSeconds }) => timeSeconds)).toEqual([
    1_800_000_000, 1_800_000_060,
  ]);
});

test('a cosignature over another time, text or by another key is refused', () => {
  const note = signNote(text, [witness], 1_800_000_000);
  const bytes = Buffer.from(note.slice(note.lastIndexOf(' ') + 1, -1), 'base64');
  bytes[11] = (bytes[11] ?? 0) ^ 1;
  const moved = `${note.slice(0, note.lastIndexOf(' '))} ${bytes.toString('base64')}\n`;
  expect(() => verifyNote(parseNote(moved), [witness])).toThrow(/is wrong/);
  expect(() => verifyNote(parseNote(note.replace('\n42\n', '\n43\n')), [witness])).toThrow(/is wrong/);
  const other = signingKey(witness.name, newSeed(), SIGNATURE_TYPE.cosignature);
  expect(() => verifyNote(parseNote(note), [other])).toThrow(/no key that is trusted here/);
});

test('the same key makes two kinds of signatures with two ids', () => {
  const seed = randomBytes(32);
  const plain = signingKey('n', seed, SIGNATURE_TYPE.ed25519);
  const timed = signingKey('n', seed, SIGNATURE_TYPE.cosignature);
  expect(plain.publicKey.equals(timed.publicKey)).toBe(true);
  expect(plain.id.equals(timed.id)).toBe(false);
});

for (const [what, bad] of [
  ['no signatures', 'text\n'],
  ['no text', '\n\n— a AAAAAAAA\n'],
  ['a control character', NOTE.replace('example', 'ex\u0007ample')],
  ['a carriage return', NOTE.replaceAll('\n', '\r\n')],
  ['a hyphen for the dash', NOTE.replace('—', '-')],
  ['base 64 that is not canonical', NOTE.replace('yaQM=', 'yaQN=')],
  ['no last newline', NOTE.slice(0, -1)],
] as const) {
  test(`not a note: ${what}`, () => {
    expect(() => parseNote(bad)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
}

for (const bad of [
  text.slice(0, -1),
  text.replace('42', '042'),
  text.replace('42', '-1'),
  text.replace('42', '9007199254740993'),
  text.replace('bank/log/0', ''),
  `${text}\n`,
  text.replace(/[^\n]+\n$/, 'AAAA\n'),
]) {
  test(`not a checkpoint: ${JSON.stringify(bad)}`, () => {
    expect(() => parseCheckpoint(bad)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
}
