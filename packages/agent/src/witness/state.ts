import { hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { newSeed, SIGNATURE_TYPE, type SigningKey, signingKey } from '@sallyport/shared/merkle';
import { WitnessError } from './errors.ts';
import type { HeldLog } from './types.ts';

const KEY_FILE = 'key';

/** Where a witness keeps its key and, for each log, the last checkpoint it countersigned. */
export class WitnessState {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The witness's Ed25519 key, made at the first start. @throws WitnessError `state_unusable`. */
  async key(name: string): Promise<SigningKey> {
    const seed = (await this.#read(KEY_FILE)) ?? (await this.#newKey());
    if (!/^[0-9a-f]{64}\n$/.test(seed)) throw damaged(join(this.#folder, KEY_FILE));
    return signingKey(name, Buffer.from(seed.trim(), 'hex'), SIGNATURE_TYPE.cosignature);
  }

  /**
   * What is held of a log; undefined when it was never seen. A file that can't be read is an error, never a log that
   * is new: else whoever damages it could have another history countersigned.
   *
   * @throws WitnessError `state_unusable`.
   */
  async held(origin: string): Promise<HeldLog | undefined> {
    const name = fileOf(origin);
    const text = await this.#read(name);
    if (text === undefined) return undefined;
    const held = parse(text);
    if (held === undefined || held.origin !== origin) throw damaged(join(this.#folder, name));
    return held;
  }

  /** Durable when it resolves; a crash leaves the old or the new, whole. @throws WitnessError `state_unusable`. */
  async keep(held: HeldLog): Promise<void> {
    await this.#write(fileOf(held.origin), `${JSON.stringify(held, undefined, 2)}\n`);
  }

  async #newKey(): Promise<string> {
    const seed = `${newSeed().toString('hex')}\n`;
    await this.#write(KEY_FILE, seed);
    return seed;
  }

  async #read(name: string): Promise<string | undefined> {
    const file = join(this.#folder, name);
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw new WitnessError('state_unusable', `${file} can't be read (${errorText(cause)})`, { cause });
    }
  }

  async #write(name: string, text: string): Promise<void> {
    const file = join(this.#folder, name);
    const draft = `${file}.${process.pid}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await through(await open(draft, 'w', 0o600), (handle) => handle.writeFile(text));
      await rename(draft, file);
      await through(await open(this.#folder, 'r'));
    } catch (cause) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw new WitnessError('state_unusable', `${file} can't be written (${errorText(cause)})`, { cause });
    }
  }
}

/** Writes, makes durable, closes. */
async function through(handle: FileHandle, write?: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write?.(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Origins have slashes and dots; their digest is a file's name anywhere. */
function fileOf(origin: string): string {
  return `log-${hash('sha256', origin, 'hex').slice(0, 32)}.json`;
}

function parse(text: string): HeldLog | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    // Checked member by member below.
    const { origin, keys, size, root, note, timeSeconds } = value as Record<string, unknown>;
    if (typeof origin !== 'string' || typeof root !== 'string' || typeof note !== 'string') return undefined;
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) return undefined;
    if (!Number.isSafeInteger(size) || !Number.isSafeInteger(timeSeconds)) return undefined;
    if (!/^[0-9a-f]{64}$/.test(root)) return undefined;
    return { origin, keys, size: Number(size), root, note, timeSeconds: Number(timeSeconds) };
  } catch {
    return undefined;
  }
}

function damaged(file: string): WitnessError {
  return new WitnessError(
    'state_unusable',
    `${file} is damaged: nothing is countersigned until it is restored. Removed, the witness would start anew with whatever it is shown next.`,
  );
}
