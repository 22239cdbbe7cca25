import { type ServiceError, status } from '@grpc/grpc-js';
import { ENROL_TIMEOUT_MS } from '../limits.ts';
import { createRequest } from './certificate-request.ts';
import { EnrolError } from './errors.ts';
import { fetchChain, verifyChain } from './fetch-authority.ts';
import { requireWritable, saveIdentity } from './state.ts';
import { parseToken } from './token.ts';
import type { Address, Connect, Identity } from './types.ts';

export interface EnrolRequest {
  readonly address: Address;
  readonly token: string;
  readonly stateDir: string;
  readonly agentVersion: string;
  readonly connect: Connect;
}

/**
 * Exchanges a one-time token for the agent's first certificate and stores it.
 *
 * The token is not shown to anyone before the gateway has proven to be the one that issued it: its chain is looked
 * at first, and Enroll then verifies it anew with the authority of the token as the only root.
 *
 * @throws EnrolError
 */
export async function enrol(request: EnrolRequest): Promise<Identity> {
  const token = parseToken(request.token);
  requireWritable(request.stateDir);
  const chain = await fetchChain(request.address);
  const authorityPem = verifyChain(chain, token.authorityFingerprint, request.address);
  const { keyPem, csrDer } = await createRequest(token.agentName);
  const client = request.connect(request.address, { authorityPem });
  try {
    const answer = await new Promise<{ agentName: string; certificatePem: string; authorityPem: string }>(
      (resolve, reject) => {
        const deadline = Date.now() + ENROL_TIMEOUT_MS;
        const message = { token: token.text, csrDer, agentVersion: request.agentVersion };
        client.Enroll(message, { deadline }, (error, response) => {
          if (error !== null) reject(refusal(error));
          else if (response === undefined) reject(refusal(undefined));
          else resolve(response);
        });
      },
    );
    // The pinned authority, not what the answer says: the answer came from whom the pin vouches for, and Renew
    // brings a new authority when there is one.
    const identity = {
      agentName: answer.agentName,
      keyPem,
      certificatePem: answer.certificatePem,
      authorityPem,
    };
    saveIdentity(request.stateDir, identity);
    return identity;
  } finally {
    client.close();
  }
}

/** An error of Enroll or Renew in words. */
export function refusal(error: ServiceError | undefined): EnrolError {
  const passing =
    error === undefined ||
    error.code === status.UNAVAILABLE ||
    error.code === status.DEADLINE_EXCEEDED ||
    error.code === status.RESOURCE_EXHAUSTED;
  const details = error?.details ?? 'no answer';
  if (passing)
    return new EnrolError('gateway_unreachable', `the gateway can't be reached: ${details}`, {
      cause: error,
    });
  return new EnrolError('gateway_refused', `the gateway refused: ${details}`, { cause: error });
}
