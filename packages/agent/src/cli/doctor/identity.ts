import { createHash, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { errorText } from '@sallyport/shared/errors';
import { type Identity, loadIdentity, parseToken, validity } from '../../enrol/index.ts';
import { readTokenFile } from '../token-file.ts';
import { bad, type Check, good } from './check.ts';
import type { Trust } from './gateway.ts';

const ENROL = 'Get a token from an administrator and run "sallyport-agent enroll".';

/** The agent's own certificate, its folder and, where one is given, an enrolment token. */
export function checkIdentity(
  stateDir: string,
  tokenFile: string | undefined,
): { checks: Check[]; trust: Trust } {
  const checks: Check[] = [];
  const fingerprints: string[] = [];
  let identity: Identity | undefined;
  try {
    identity = loadIdentity(stateDir);
    if (identity === undefined) {
      checks.push(bad('enrolment', `${stateDir} holds no certificate: this agent is not enrolled`, ENROL));
    } else {
      checks.push(checkCertificate(identity), checkFolder(stateDir));
      fingerprints.push(...authorities(identity.authorityPem));
    }
  } catch (cause) {
    checks.push(bad('enrolment', errorText(cause), ENROL));
  }
  if (tokenFile !== undefined) checks.push(checkToken(tokenFile, fingerprints));
  return { checks, trust: { identity, fingerprints } };
}

function checkCertificate(identity: Identity): Check {
  const name = 'enrolment';
  const { fromMs, toMs } = validity(identity.certificatePem);
  const until = new Date(toMs).toISOString();
  const now = Date.now();
  if (toMs <= now) return bad(name, `the certificate of ${identity.agentName} expired at ${until}`, ENROL);
  if (fromMs > now) {
    const found = `the certificate of ${identity.agentName} holds only from ${new Date(fromMs).toISOString()}`;
    return bad(name, found, "This machine's clock is behind: set it by NTP.");
  }
  return good(name, `enrolled as ${identity.agentName}; the certificate holds until ${until}`);
}

function checkFolder(stateDir: string): Check {
  const mode = statSync(stateDir).mode & 0o077;
  if (mode === 0) return good('state folder', 'only its owner may enter it');
  return bad(
    'state folder',
    `other users may enter ${stateDir}, which holds the agent's key`,
    `chmod 700 ${stateDir}`,
  );
}

function checkToken(file: string, fingerprints: string[]): Check {
  try {
    const token = parseToken(readTokenFile(file));
    fingerprints.push(token.authorityFingerprint);
    return good(
      'token',
      `well-formed, for the agent ${token.agentName}; whether it is unused, only Enroll can tell`,
    );
  } catch (cause) {
    return bad('token', errorText(cause), 'Ask an administrator for a token and copy it whole.');
  }
}

/** Fingerprints of all certificates in a PEM text. */
function authorities(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => createHash('sha256').update(new X509Certificate(block).raw).digest('hex'));
}
