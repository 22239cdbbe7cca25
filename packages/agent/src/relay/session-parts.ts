import type { Logger } from '../telemetry/index.ts';
import type { HostedSession } from './session.ts';
import type { OpenMasker } from './types.ts';

/** Reasons after which nothing of a session may go on (tunnel.proto, EndSession). */
export function isUrgent(reason: string): boolean {
  return reason === 'revoked' || reason === 'killed' || reason === 'expired';
}

export interface SessionParts {
  readonly id: string;
  readonly server: string;
  readonly log: Logger;
  /** Notes a call before it is executed: false where it was executed before. Throws where that can't be noted. */
  readonly beginCall: (call: string, server: string, session: string) => Promise<boolean>;
  readonly relayedHeaders: (headers: Readonly<Record<string, string>>) => Record<string, string>;
  readonly openMasker: OpenMasker;
  /** Resolves when the masking rules are of that version or newer; false where they do not come. */
  readonly rulesReady: (version: number) => true | Promise<boolean>;
  /** Called once, when the session is over. The server may still be shutting down. */
  readonly onOver: (session: HostedSession) => void;
}
