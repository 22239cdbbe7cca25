import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { writeStateFile } from '../state-file.ts';
import type { SignedRules } from './document.ts';
import { AgentMaskingError } from './errors.ts';

const FILE = 'masking-rules.json';

/** The newest rules this agent has taken, and whom it trusts to give it others. */
export interface KeptRules extends SignedRules {
  /** SHA-256 of the certificates of the authority under which the key was pinned, hexadecimal. */
  readonly authorities: readonly string[];
}

/** @throws AgentMaskingError `state_unusable`: without the newest version kept, an older one could be passed off as new */
export function loadRules(stateDir: string): KeptRules | undefined {
  const file = join(stateDir, FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw unusable(`${file} can't be read (${errorText(cause)})`, cause);
  }
  try {
    // Cast: checked member by member below.
    const { version, document, signature, publicKey, authorities } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    if (typeof version !== 'number' || !Array.isArray(authorities)) throw new Error('a member is missing');
    const bytes = (value: unknown): Buffer => {
      if (typeof value !== 'string') throw new Error('a member is missing');
      return Buffer.from(value, 'base64');
    };
    return {
      version,
      document: bytes(document),
      signature: bytes(signature),
      publicKey: bytes(publicKey),
      authorities: authorities.map(String),
    };
  } catch (cause) {
    throw unusable(`${file} is damaged; remove it, and the agent takes the gateway's rules anew`, cause);
  }
}

/** Keeps rules so that a crash leaves the old ones or the new ones, whole. @throws AgentMaskingError */
export function saveRules(stateDir: string, rules: KeptRules): void {
  const { version, document, signature, publicKey, authorities } = rules;
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  const text = JSON.stringify({
    version,
    document: base64(document),
    signature: base64(signature),
    publicKey: base64(publicKey),
    authorities,
  });
  writeWhole(stateDir, FILE, Buffer.from(`${text}\n`));
}

/** Writes a file of the state folder, whole or not at all. @throws AgentMaskingError `state_unusable` */
export function writeWhole(stateDir: string, name: string, bytes: Buffer): void {
  try {
    writeStateFile(stateDir, name, bytes);
  } catch (cause) {
    throw unusable(`${stateDir} can't be written (${errorText(cause)})`, cause);
  }
}

export function unusable(words: string, cause?: unknown): AgentMaskingError {
  return new AgentMaskingError('state_unusable', words, { cause });
}
