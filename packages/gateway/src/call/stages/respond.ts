import type { Answer } from '../rooms.ts';
import type { Attached } from './attach.ts';
import type { Settled } from './record-outcome.ts';

/** Modern errors that the revision maps to a status of their own; every other error travels in a 200. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  '-32601': 404,
  '-32020': 400,
  '-32021': 400,
  '-32022': 400,
};

/** A session's id travels in the headers, which leave before the answer where that takes its time. */
export function announceSession(call: Attached, answer: Answer): void {
  answer.announce(sessionHeaders(call.fields));
}

function sessionHeaders({ session, begins }: Attached['fields']): Record<string, string> {
  return session.identity.era === 'legacy' && begins ? { 'Mcp-Session-Id': session.identity.id } : {};
}

/** Releases the answer. All that had to be decided, masked and recorded has been: the type says so. */
export function respond(call: Settled, answer: Answer): void {
  const { intended, raw, httpStatus, rpcCode } = call.fields;
  const { attached } = intended.decided;
  const { era } = attached.session.identity;
  const headers = sessionHeaders(attached);
  answer.final({ status: era === 'modern' ? modernStatus(rpcCode, httpStatus) : 200, body: raw, headers });
}

function modernStatus(rpcCode: number | undefined, httpStatus: number): number {
  if (httpStatus >= 400 && httpStatus < 500) return httpStatus;
  return STATUS_OF_CODE[String(rpcCode)] ?? 200;
}
