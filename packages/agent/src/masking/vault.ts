import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { VAULT_TOKENS_MAX } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { AgentMaskingError } from './errors.ts';
import { unusable, writeWhole } from './state.ts';

const KEY_FILE = 'tokens.key';
const MAP_FILE = 'tokens.map';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
const RECORD_MAX_BYTES = 1024 * 1024;
const AAD = Buffer.from('sallyport-token/1');
/** Letters only: digits in a token could read as another value. 16 of them are 91 bits. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TOKEN_LETTERS = 16;

interface Kept {
  readonly value: string;
  readonly entity: string;
  readonly scope: string;
}

/**
 * The values behind tokens. They never leave this machine: the map lies in the agent's state folder, sealed with a key
 * that is made there (AES-256-GCM, a random nonce for each record).
 *
 * A token is a keyed digest of scope, entity and value, so the same value has the same token also after a restart.
 * A lost key makes other tokens: the old map is set aside, and its tokens are unknown from then on.
 */
export class Vault {
  readonly #file: string;
  readonly #key: Buffer;
  readonly #tokenKey: Buffer;
  readonly #kept = new Map<string, Kept>();
  #pending: Buffer[] = [];
  #size = 0;
  #descriptor: number | undefined;
  /** Set when a write has failed: from then on no token is given out that might not be kept. */
  #broken: string | undefined;

  constructor(stateDir: string, log: Logger) {
    this.#file = join(stateDir, MAP_FILE);
    this.#key = readKey(stateDir);
    this.#tokenKey = createHmac('sha256', this.#key).update('sallyport token names').digest();
    this.#load(log);
  }

  get size(): number {
    return this.#kept.size;
  }

  tokenise(value: string, entity: string, scope: string): string {
    const token = this.#name(value, entity, scope);
    if (this.#kept.has(token)) return token;
    if (this.#kept.size >= VAULT_TOKENS_MAX)
      throw new AgentMaskingError(
        'vault_full',
        `the agent keeps ${VAULT_TOKENS_MAX} tokens and takes no more`,
      );
    const kept = { value, entity, scope };
    this.#kept.set(token, kept);
    this.#pending.push(seal(this.#key, token, kept));
    return token;
  }

  /** Undefined where the map does not know the token in this scope. */
  find(token: string, scope: string): Kept | undefined {
    const kept = this.#kept.get(token);
    return kept?.scope === scope ? kept : undefined;
  }

  /**
   * Makes new tokens durable. Commit point: a token is released after this, so a crash before it has shown nobody a
   * token that is not kept, and one after it has lost none.
   *
   * @throws AgentMaskingError `state_unusable`: what holds new tokens must not be released
   */
  flush(): void {
    if (this.#broken !== undefined) throw unusable(this.#broken);
    if (this.#pending.length === 0) return;
    const bytes = Buffer.concat(this.#pending);
    try {
      this.#descriptor ??= openSync(this.#file, 'a', 0o600);
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
      fdatasyncSync(this.#descriptor);
      this.#size += bytes.length;
      this.#pending = [];
    } catch (cause) {
      this.#broken = `tokens can't be kept in ${this.#file} (${errorText(cause)}); mend it and start the agent again`;
      throw unusable(this.#broken, cause);
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #name(value: string, entity: string, scope: string): string {
    const digest = createHmac('sha256', this.#tokenKey)
      .update(JSON.stringify([scope, entity, value]))
      .digest();
    let rest = digest.readBigUInt64BE(0) * 2n ** 64n + digest.readBigUInt64BE(8);
    let token = '';
    for (let i = 0; i < TOKEN_LETTERS; i += 1) {
      token += LETTERS[Number(rest % 52n)] ?? '';
      rest /= 52n;
    }
    return token;
  }

  #load(log: Logger): void {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#file);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
      throw unusable(`${this.#file} can't be read (${errorText(cause)})`, cause);
    }
    let unreadable = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = at + LENGTH_BYTES <= bytes.length ? bytes.readUInt32BE(at) : 0;
      const end = at + LENGTH_BYTES + length;
      if (length === 0 || length > RECORD_MAX_BYTES || end > bytes.length) break;
      const record = unseal(this.#key, bytes.subarray(at + LENGTH_BYTES, end));
      if (record === undefined) unreadable += 1;
      else this.#kept.set(record.token, record);
      at = end;
      this.#size = at;
    }
    if (unreadable > 0 && this.#kept.size === 0) {
      const aside = `${this.#file}.${Date.now()}.unreadable`;
      renameSync(this.#file, aside);
      this.#size = 0;
      log.error('the token map was sealed with another key; its tokens are unknown from now on', { aside });
      return;
    }
    if (unreadable > 0) log.error('tokens that can not be unsealed are unknown from now on', { unreadable });
    // A crash while a record was written leaves a part of it; nobody has seen its token.
    if (this.#size < bytes.length) this.#cutTail();
  }

  #cutTail(): void {
    const file = openSync(this.#file, 'r+');
    try {
      ftruncateSync(file, this.#size);
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

function readKey(stateDir: string): Buffer {
  const file = join(stateDir, KEY_FILE);
  try {
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
    if (key.length === KEY_BYTES) return key;
    throw unusable(`${file} must hold ${KEY_BYTES * 2} hexadecimal digits`);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
  const key = randomBytes(KEY_BYTES);
  writeWhole(stateDir, KEY_FILE, Buffer.from(`${key.toString('hex')}\n`));
  return key;
}

function seal(key: Buffer, token: string, kept: Kept): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(AAD);
  const text = Buffer.from(JSON.stringify({ token, ...kept }));
  const sealed = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(sealed.length);
  return Buffer.concat([length, sealed]);
}

function unseal(key: Buffer, sealed: Buffer): (Kept & { token: string }) | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES)).setAAD(AAD);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const text = Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
    // Cast: the tag proves that this file's own writer wrote it.
    return JSON.parse(text.toString('utf8')) as Kept & { token: string };
  } catch {
    return undefined;
  }
}
