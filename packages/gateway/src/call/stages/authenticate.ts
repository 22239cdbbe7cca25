import type { EntryDraft } from '../../audit/index.ts';
import type { Principal } from '../../identity/index.ts';
import { Ending, REFUSAL } from '../ending.ts';
import type { Rooms } from '../rooms.ts';
import type { Received } from './receive.ts';

interface AuthenticatedFields {
  readonly received: Received['fields'];
  readonly principal: Principal;
  readonly tokenId: string;
  readonly facts: Omit<EntryDraft, 'kind'>;
}

class Authenticated {
  readonly #fields: AuthenticatedFields;
  constructor(fields: AuthenticatedFields) {
    this.#fields = fields;
  }

  get fields(): AuthenticatedFields {
    return this.#fields;
  }
}

export type { Authenticated };

/**
 * Who it is, by the bearer token alone; a session id or a handle never authenticates (THREATS.md, hijack).
 * @throws Ending 401 with the challenge of RFC 9728 §5.1
 */
export function authenticate(rooms: Pick<Rooms, 'identity' | 'publicUrl'>, call: Received): Authenticated {
  const { incoming, facts } = call.fields;
  const result = rooms.identity.authenticate(incoming.authorization);
  if (!result.ok) throw challenge(rooms.publicUrl, incoming.serverName, result.code);
  return new Authenticated({
    received: call.fields,
    principal: result.principal,
    tokenId: result.tokenId,
    facts: {
      ...facts,
      actor: { kind: result.principal.kind, name: result.principal.name, token: result.tokenId },
    },
  });
}

/** 401 that says where to learn how to authenticate, and nothing about why this credential is wrong. */
function challenge(publicUrl: string, serverName: string, code: string): Ending {
  const metadata = `${publicUrl}/.well-known/oauth-protected-resource/mcp/${encodeURIComponent(serverName)}`;
  const error =
    code === 'missing' ? '' : ', error="invalid_token", error_description="The token is not valid"';
  return new Ending(
    'unauthenticated',
    code === 'missing'
      ? 'A bearer token is needed. Ask who runs the gateway for one and send it as "Authorization: Bearer …".'
      : 'The token is not valid: it may have expired or been revoked. Ask who runs the gateway for a new one.',
    {
      status: 401,
      rpcCode: REFUSAL.unauthenticated,
      headers: { 'WWW-Authenticate': `Bearer resource_metadata="${metadata}"${error}` },
    },
    { detail: code },
  );
}
