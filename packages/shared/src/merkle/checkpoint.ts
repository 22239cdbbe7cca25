import { NoteError } from './errors.ts';
import { HASH_BYTES } from './hash.ts';

/** What a checkpoint says of a log. */
export interface Checkpoint {
  readonly origin: string;
  /** Entries in the log. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

/** The text that is signed (C2SP tlog-checkpoint, Note text), without extension lines. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/**
 * Reads a checkpoint's text. Extension lines are allowed, as the specification demands, and not looked at.
 *
 * @throws NoteError `malformed`.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  const size = Number(sizeText);
  const root = Buffer.from(rootText, 'base64');
  if (
    origin === '' ||
    !/^(0|[1-9]\d*)$/.test(sizeText) ||
    !Number.isSafeInteger(size) ||
    root.length !== HASH_BYTES ||
    root.toString('base64') !== rootText ||
    rest.pop() !== '' ||
    rest.includes('')
  ) {
    throw new NoteError('malformed', 'this is not a checkpoint');
  }
  return { origin, size, root };
}
