import { type ServerUnaryCall, status } from '@grpc/grpc-js';
import type {
  EnrollRequest__Output,
  EnrollResponse,
  RenewRequest__Output,
  RenewResponse,
} from '@sallyport/proto';
import type { Authority } from './authority.ts';
import { readRequestedKey } from './certificate-request.ts';
import {
  type EnrolmentToken,
  makeEnrolmentToken,
  readEnrolmentToken,
  sameDigest,
} from './enrolment-token.ts';
import { Refusal } from './errors.ts';
import { type Gate, sourceOf } from './gate.ts';
import type { KnownCertificates } from './identify.ts';
import { boundedText } from './inventory.ts';
import { ENROLMENT_TOKEN_MAX_MS } from './limits.ts';
import type { TunnelOptions } from './options.ts';

/** What enrolment works with. */
export interface EnrolParts {
  readonly options: TunnelOptions;
  readonly authority: Authority;
  readonly known: KnownCertificates;
  readonly gate: Gate;
  readonly lifetimeMs: number;
  /** An enrolment has replaced the agent's earlier certificates. */
  onReplaced(serials: readonly string[]): void;
}

const NO_DIGEST = Buffer.alloc(32);

/** Makes a one-time token. Its text is in no log and no table. */
export async function createEnrolmentToken(
  parts: Pick<EnrolParts, 'options' | 'authority'>,
  request: { agent: string; expiresInMs: number; createdBy: string },
): Promise<{ id: string; token: string; expiresAt: string }> {
  if (!(request.expiresInMs > 0 && request.expiresInMs <= ENROLMENT_TOKEN_MAX_MS)) {
    throw new RangeError(`a token lasts up to ${ENROLMENT_TOKEN_MAX_MS} ms`);
  }
  const { store, clock } = parts.options;
  const { id, text, secretHash } = makeEnrolmentToken(request.agent, parts.authority.fingerprint);
  const now = clock.now();
  const expiresAt = now + request.expiresInMs;
  await store.saveEnrolmentToken(
    { id, agent: request.agent, secretHash, expiresAt, used: false },
    request.createdBy,
    now,
  );
  return { id, token: text, expiresAt: new Date(expiresAt).toISOString() };
}

/**
 * Enroll: a one-time token and a certificate signing request for the agent's first certificate.
 *
 * Everything that can be refused is checked before the token is used up, so that a mistake can be put right and
 * tried again. The certificate leaves only after the log shows it.
 *
 * @throws Refusal
 */
export async function enrol(
  parts: EnrolParts,
  call: ServerUnaryCall<EnrollRequest__Output, EnrollResponse>,
): Promise<EnrollResponse> {
  const { gate } = parts;
  const source = sourceOf(call);
  const token = readEnrolmentToken(call.request.token);
  // Charged first and given back on success: tries at the same time all count.
  if (!gate.enrolments.charge(source)) {
    const error = new Refusal(
      status.RESOURCE_EXHAUSTED,
      'too_many_failures',
      'Too many failed tries from this address. Wait a minute.',
    );
    const limited = gate.enrolments.justPassed(source);
    if (limited) await gate.recordFailure('Enroll', source, error, { agent: token?.agent, limited });
    throw error;
  }
  try {
    const response = await exchange(parts, call.request, token, source);
    gate.enrolments.refund(source);
    return response;
  } catch (error) {
    await gate.recordFailure('Enroll', source, error, { agent: token?.agent });
    throw error;
  }
}

async function exchange(
  parts: EnrolParts,
  request: EnrollRequest__Output,
  token: EnrolmentToken | undefined,
  source: string,
): Promise<EnrollResponse> {
  const { authority, known, options, lifetimeMs } = parts;
  if (token === undefined) {
    throw refuse(
      'token_malformed',
      'This is not an enrolment token. Copy it whole, from sp-agent to its end.',
    );
  }
  const tokenId = await checkToken(options, token);
  const key = await readRequestedKey(request.csrDer);
  const { pem, stored } = await authority.issueAgent(token.agent, key, lifetimeMs);
  // Commit point: the token is used up and the certificate known, as one step; of two tries at once one gets here.
  const { enrolled, replacedSerials } = await options.store.enrol(tokenId, stored);
  if (!enrolled)
    throw refuse('token_used', 'This enrolment token has been used or withdrawn. Ask for a new one.');
  known.add(stored);
  parts.onReplaced(replacedSerials);
  await options.record({
    kind: 'agent.enrolled',
    actor: { kind: 'agent', name: token.agent },
    agent: token.agent,
    source: { ip: source },
    fields: {
      token: tokenId,
      serial: stored.serial,
      fingerprint: stored.fingerprint,
      expiresAt: new Date(stored.expiresAt).toISOString(),
      agentVersion: boundedText(request.agentVersion),
      replaced: replacedSerials.length,
    },
  });
  return { agentName: token.agent, certificatePem: pem, authorityPem: authority.certificatePem };
}

/** Returns the token's id when its secret is right, it is in time and not used. */
async function checkToken(options: TunnelOptions, token: EnrolmentToken): Promise<string> {
  const stored = await options.store.findEnrolmentToken(token.id);
  // The comparison is made also where there is nothing to compare with: no difference to measure.
  const right = sameDigest(token.secretHash, stored?.secretHash ?? NO_DIGEST);
  if (stored === undefined || !right || stored.agent !== token.agent) {
    throw refuse('token_wrong', 'The gateway does not know this enrolment token. Ask for a new one.');
  }
  // Only the holder of the secret learns these two.
  if (stored.used) throw refuse('token_used', 'This enrolment token has been used. Ask for a new one.');
  if (stored.expiresAt <= options.clock.now()) {
    throw refuse(
      'token_expired',
      `This enrolment token expired at ${new Date(stored.expiresAt).toISOString()}. Ask for a new one.`,
    );
  }
  return stored.id;
}

/**
 * Renew: the next certificate, for a new key, to the holder of one that still holds.
 *
 * @throws Refusal
 */
export async function renew(
  parts: EnrolParts,
  call: ServerUnaryCall<RenewRequest__Output, RenewResponse>,
): Promise<RenewResponse> {
  const { authority, known, options, gate, lifetimeMs } = parts;
  const identity = await gate.identify(call, 'Renew');
  const key = await readRequestedKey(call.request.csrDer);
  const { pem, stored } = await authority.issueAgent(identity.agent, key, lifetimeMs);
  // The storage checks the certificate that is renewed in the same step: a revocation that came first wins.
  if (!(await options.store.renew(identity.serial, stored))) {
    throw new Refusal(
      status.UNAUTHENTICATED,
      'certificate_revoked',
      `Agent ${identity.agent} is revoked. Enrol it again.`,
    );
  }
  known.add(stored);
  await options.record({
    kind: 'key.rotated',
    actor: { kind: 'agent', name: identity.agent },
    agent: identity.agent,
    fields: {
      key: 'agent',
      serial: stored.serial,
      fingerprint: stored.fingerprint,
      previousSerial: identity.serial,
      expiresAt: new Date(stored.expiresAt).toISOString(),
    },
  });
  return { certificatePem: pem, authorityPem: authority.certificatePem };
}

function refuse(
  reason: 'token_malformed' | 'token_wrong' | 'token_expired' | 'token_used',
  details: string,
): Refusal {
  return new Refusal(status.UNAUTHENTICATED, reason, details);
}
