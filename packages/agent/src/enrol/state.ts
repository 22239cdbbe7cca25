import { createPrivateKey, X509Certificate } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { writeStateFile } from '../state-file.ts';
import { EnrolError } from './errors.ts';
import type { Identity } from './types.ts';

const FILE = 'identity.json';

/** The stored identity, undefined where there is none yet. @throws EnrolError `state_unusable`. */
export function loadIdentity(stateDir: string): Identity | undefined {
  const file = join(stateDir, FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new EnrolError('state_unusable', `${file} can't be read (${errorText(cause)})`, { cause });
  }
  const identity = parseIdentity(text);
  if (identity === undefined) {
    throw new EnrolError('state_unusable', `${file} is damaged; remove it and enrol the agent again`);
  }
  return identity;
}

/** Whether key and certificate belong together: an identity that could never connect must not replace one that can. */
function requireMatch(identity: Identity): void {
  const certificate = new X509Certificate(identity.certificatePem);
  if (certificate.checkPrivateKey(createPrivateKey(identity.keyPem))) return;
  throw new EnrolError('gateway_refused', 'the gateway issued a certificate for another key');
}

/** Stores the identity, whole or not at all. @throws EnrolError `state_unusable`, `gateway_refused`. */
export function saveIdentity(stateDir: string, identity: Identity): void {
  requireMatch(identity);
  try {
    writeStateFile(stateDir, FILE, Buffer.from(`${JSON.stringify(identity, undefined, 2)}\n`));
  } catch (cause) {
    throw new EnrolError('state_unusable', `${stateDir} can't be written (${errorText(cause)})`, { cause });
  }
}

/** Whether an identity could be stored, before a one-time token is used up. @throws EnrolError `state_unusable`. */
export function requireWritable(stateDir: string): void {
  const temporary = join(stateDir, `${FILE}.${process.pid}.tmp`);
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    closeSync(openSync(temporary, 'w', 0o600));
    rmSync(temporary, { force: true });
  } catch (cause) {
    throw new EnrolError('state_unusable', `${stateDir} can't be written (${errorText(cause)})`, { cause });
  }
}

function parseIdentity(text: string): Identity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    // Checked member by member below.
    const { agentName, keyPem, certificatePem, authorityPem } = value as Record<string, unknown>;
    if (typeof agentName !== 'string' || typeof keyPem !== 'string') return undefined;
    if (typeof certificatePem !== 'string' || typeof authorityPem !== 'string') return undefined;
    return { agentName, keyPem, certificatePem, authorityPem };
  } catch {
    return undefined;
  }
}
