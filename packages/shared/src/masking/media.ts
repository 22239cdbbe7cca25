import { Refused } from './errors.ts';
import type { Layer } from './layer.ts';
import type { MediaChoice } from './types.ts';
import { decompress, isText } from './unpack.ts';

/** What the base64 of a blob, an image or a sound holds. */
export type MediaKind = 'text' | 'compressed' | 'image' | 'audio' | 'opaque';

const SIGNATURES: readonly (readonly [MediaKind, string])[] = [
  ['image', '89504e47'],
  ['image', 'ffd8ff'],
  ['image', '47494638'],
  ['image', '424d'],
  ['image', '49492a00'],
  ['image', '4d4d002a'],
  ['image', '00000100'],
  ['audio', '494433'],
  ['audio', 'fffb'],
  ['audio', 'fff3'],
  ['audio', 'fff1'],
  ['audio', '4f676753'],
  ['audio', '664c6143'],
];

/** Tells media by their first bytes: what a server says of its type is no proof. */
export function mediaKind(bytes: Uint8Array): MediaKind {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('hex');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'compressed';
  if (head.startsWith('52494646')) return head.slice(16) === '57454250' ? 'image' : 'audio';
  if (head.slice(8, 16) === '66747970')
    return head.slice(16, 22) === '617669' || head.slice(16, 22) === '686569' ? 'image' : 'audio';
  const known = SIGNATURES.find(([, signature]) => head.startsWith(signature));
  if (known !== undefined) return known[0];
  return isText(bytes) ? 'text' : 'opaque';
}

/** What to do with a string that should be base64: `scan` where it isn't, and is text like any other. */
export type MediaVerdict =
  | { readonly kind: 'keep' | 'drop' | 'scan' }
  | { readonly kind: 'replace'; readonly bytes: Uint8Array };

const KEEP: MediaVerdict = { kind: 'keep' };
const DROP: MediaVerdict = { kind: 'drop' };

/**
 * Reads base64 and masks it where it is text, whatever its declared type; else applies the plan's choice.
 * @throws Refused image, audio, undecodable_blob
 */
export function masksMedia(layer: Layer, base64: string, declared: 'image' | 'audio' | 'blob'): MediaVerdict {
  const plan = layer.run.plan;
  const bytes = decoded(base64);
  if (bytes === null) return { kind: 'scan' };
  const kind = mediaKind(bytes);
  if (kind === 'text') return replaced(layer.blob(bytes), (inner) => inner);
  if (kind === 'compressed') {
    const inner = decompress(bytes);
    if (inner !== null) return replaced(layer.blob(inner.bytes), (masked) => inner.pack(masked));
  }
  if (kind === 'image')
    return choose(plan.images, 'image', 'the answer holds an image, which the rules do not let through');
  if (kind === 'audio')
    return choose(plan.audio, 'audio', 'the answer holds sound, which the rules do not let through');
  return choose(
    declared === 'blob' ? plan.binary : plan[declared === 'image' ? 'images' : 'audio'],
    'undecodable_blob',
    UNREADABLE,
  );
}

const UNREADABLE = 'the answer holds data that can not be read as text, and the rules demand reading it';

function replaced(masked: Uint8Array | null, pack: (bytes: Uint8Array) => Uint8Array): MediaVerdict {
  if (masked === null) return KEEP;
  return {
    kind: 'replace',
    bytes: new Uint8Array(Buffer.from(Buffer.from(pack(masked)).toString('base64'), 'latin1')),
  };
}

function choose(
  choice: MediaChoice,
  reason: 'image' | 'audio' | 'undecodable_blob',
  message: string,
): MediaVerdict {
  if (choice === 'refuse') throw new Refused(reason, message);
  return choice === 'drop' ? DROP : KEEP;
}

function decoded(text: string): Uint8Array | null {
  const compact = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact) || compact.replace(/=+$/, '').length % 4 === 1) return null;
  return new Uint8Array(
    Buffer.from(compact, compact.includes('-') || compact.includes('_') ? 'base64url' : 'base64'),
  );
}
