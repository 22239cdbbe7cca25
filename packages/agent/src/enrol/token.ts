import { EnrolError } from './errors.ts';

const TOKEN = /^sp-agent\.([a-z0-9-]{1,40})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{16,256})\.([0-9a-f]{64})$/;

export interface EnrolmentToken {
  /** The whole text, as it is shown to the gateway. */
  readonly text: string;
  readonly agentName: string;
  /** SHA-256 of the gateway authority's certificate in DER, hexadecimal: whom to trust before trusting anyone. */
  readonly authorityFingerprint: string;
}

/** Reads `sp-agent.<agent name>.<id>.<secret>.<fingerprint>`. @throws EnrolError `token_malformed`. */
export function parseToken(raw: string): EnrolmentToken {
  const text = raw.trim();
  const match = TOKEN.exec(text);
  const agentName = match?.[1];
  const authorityFingerprint = match?.[4];
  if (agentName === undefined || authorityFingerprint === undefined) {
    throw new EnrolError(
      'token_malformed',
      'this is not an enrolment token; copy it whole, from "sp-agent." to its end',
    );
  }
  return { text, agentName, authorityFingerprint };
}
