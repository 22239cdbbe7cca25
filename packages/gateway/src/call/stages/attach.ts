import { find, type Message, MessageError, RPC, valueAt } from '@sallyport/shared/jsonrpc';
import type { EntryDraft } from '../../audit/index.ts';
import type { ServerSpec } from '../../registry/index.ts';
import type { Session } from '../../session/index.ts';
import { aboutOf } from '../about.ts';
import { Ending, REFUSAL } from '../ending.ts';
import type { LocatedFinding } from '../findings.ts';
import { checkModernHeaders, checkParamHeaders } from '../headers.ts';
import { maskRequest } from '../mask-request.ts';
import { controlsOf, type MethodControls, REFUSED_METHODS } from '../methods.ts';
import { openResume, type Resume } from '../resume.ts';
import type { Rooms } from '../rooms.ts';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../versions.ts';
import type { Authenticated } from './authenticate.ts';
import { openEra } from './era.ts';
import { named } from './receive.ts';

export interface AttachedFields {
  readonly authenticated: Authenticated['fields'];
  /** As it will be sent, which a masking rule may have changed. */
  readonly message: Message;
  readonly session: Session;
  /** True where this call makes the session: its start is recorded with the intent. */
  readonly begins: boolean;
  readonly server: ServerSpec;
  /** Undefined for a client's answer to a request of the server: it has no method. */
  readonly controls: MethodControls | undefined;
  readonly facts: Omit<EntryDraft, 'kind'>;
  /** What a rule took out of the message before anything was decided on it. */
  readonly masked: readonly LocatedFinding[];
  /** The client comes back with the state of an approval it was given. */
  readonly resume?: Resume;
}

class Attached {
  readonly #fields: AttachedFields;
  constructor(fields: AttachedFields) {
    this.#fields = fields;
  }

  get fields(): AttachedFields {
    return this.#fields;
  }
}

export type { Attached };

/**
 * Binds the message to its server and to a session of this principal, and refuses what is no method of the era.
 * @throws Ending 400, 404 or a JSON-RPC error
 */
export async function attach(rooms: Rooms, call: Authenticated): Promise<Attached> {
  const { received } = call.fields;
  const { incoming } = received;
  const server = rooms.server(incoming.serverName);
  if (server === undefined) throw unknownServer();
  if (received.message instanceof MessageError) {
    const { message, rpcCode } = received.message;
    throw new Ending('malformed', message, { status: 400, rpcCode }, { cause: received.message });
  }
  const { message, resume } = openResume(rooms, received.message);
  const controls = message.kind === 'response' ? undefined : admitted(message, message.kind, received.era);
  const found =
    received.era === 'modern'
      ? await attachModern(rooms, call, server, message)
      : await attachLegacy(rooms, call, server, message);
  const { identity } = found.session;
  const facts = {
    ...call.fields.facts,
    session: identity.id,
    server: identity.server,
    agent: identity.agent,
  };
  const base = { authenticated: call.fields, server, controls, facts, ...found };
  const asked = aboutOf({ ...base, message });
  const masked = maskRequest(rooms, message, asked, incoming.paramHeaders);
  return new Attached({
    ...base,
    message: masked.message,
    masked: masked.findings,
    ...(resume === undefined ? {} : { resume }),
  });
}

/** The controls of the method, or its refusal: a method that is not listed does not pass. */
function admitted(
  message: Message,
  kind: 'request' | 'notification',
  era: 'legacy' | 'modern',
): MethodControls {
  const method = message.method ?? '';
  const controls = controlsOf('client', kind, method, era);
  const task = find(message.params?.members, 'task');
  if (controls !== undefined && task === undefined) return controls;
  const reason = task === undefined ? REFUSED_METHODS[method] : REFUSED_METHODS['tasks/get'];
  throw new Ending(
    'refused_method',
    reason === undefined
      ? 'The gateway does not know this method, so it does not pass it on.'
      : `The gateway refuses this method: ${reason}.`,
    { status: era === 'modern' ? 404 : 200, rpcCode: RPC.methodNotFound, data: { reason: 'refused_method' } },
    { detail: named(method) },
  );
}

async function attachLegacy(
  rooms: Rooms,
  call: Authenticated,
  server: ServerSpec,
  message: Message,
): Promise<{ session: Session; begins: boolean }> {
  const { principal, received } = call.fields;
  const { incoming } = received;
  if (message.method === 'initialize') {
    if (incoming.sessionId !== undefined) {
      throw new Ending(
        'malformed',
        'initialize begins a session, so it must not name one. Leave Mcp-Session-Id out.',
        { status: 400, rpcCode: RPC.invalidRequest },
      );
    }
    return { session: await makeSession(rooms, call, server, message, 'legacy'), begins: true };
  }
  if (incoming.versionHeader !== undefined && !LEGACY_VERSIONS.includes(incoming.versionHeader)) {
    throw unsupported(incoming.versionHeader, LEGACY_VERSIONS, REFUSAL.general);
  }
  if (incoming.sessionId === undefined) {
    throw new Ending(
      'session_required',
      'Mcp-Session-Id is missing. Send initialize first and repeat the id of its answer with every message.',
      { status: 400, rpcCode: REFUSAL.general },
    );
  }
  const session = await rooms.sessions.attach(incoming.sessionId, principal, incoming.serverName);
  if (session.identity.era !== 'legacy') throw unknownServer();
  return { session, begins: false };
}

async function attachModern(
  rooms: Rooms,
  call: Authenticated,
  server: ServerSpec,
  message: Message,
): Promise<{ session: Session; begins: boolean }> {
  const { principal, tokenId, received } = call.fields;
  const { incoming, version } = received;
  if (message.kind === 'response') {
    throw new Ending(
      'malformed',
      'This revision has no answers from the client: repeat the request with inputResponses.',
      {
        status: 400,
        rpcCode: RPC.invalidRequest,
      },
    );
  }
  checkModernHeaders(message, incoming);
  checkParamHeaders(rooms, message, incoming);
  if (version === undefined || !MODERN_VERSIONS.includes(version)) {
    throw unsupported(version ?? '', MODERN_VERSIONS, RPC.unsupportedVersion);
  }
  const client = clientName(message, 'modern');
  const key = JSON.stringify([incoming.serverName, principal.kind, principal.name, tokenId, client]);
  const known = rooms.sessions.modern(key);
  if (known !== undefined) return { session: known, begins: false };
  const session = await makeSession(rooms, call, server, message, 'modern');
  session.protocolVersion = version;
  // Two first requests at once: the one that came back first made the session.
  const raced = rooms.sessions.modern(key);
  if (raced !== undefined) {
    session.end('unused');
    return { session: raced, begins: false };
  }
  rooms.sessions.rememberModern(key, session);
  return { session, begins: true };
}

async function makeSession(
  rooms: Rooms,
  call: Authenticated,
  server: ServerSpec,
  message: Message,
  era: 'legacy' | 'modern',
): Promise<Session> {
  const { principal, tokenId, received } = call.fields;
  const agentServer = server.agentServer ?? received.incoming.serverName;
  const agent = await openEra(rooms, server, agentServer, era);
  return rooms.sessions.create({
    era,
    principalKind: principal.kind,
    principal: principal.name,
    tokenId,
    server: received.incoming.serverName,
    agent,
    agentServer,
    client: clientName(message, era),
    idleMs: server.idleMinutes * 60_000,
    absoluteMs: server.absoluteMinutes * 60_000,
  });
}

/** What the client calls itself: for people who read the record, never for a decision of trust. */
function clientName(message: Message, era: 'legacy' | 'modern'): string {
  const params = message.params?.members;
  const info =
    era === 'legacy'
      ? find(params, 'clientInfo')
      : find(find(params, '_meta')?.members, 'io.modelcontextprotocol/clientInfo');
  if (info === undefined || message.raw[info.start] !== 0x7b) return 'unnamed';
  // Cast: the span opens with a brace, so it is an object.
  const { name, version } = valueAt(message.raw, info) as { name?: unknown; version?: unknown };
  return named(
    `${typeof name === 'string' ? name : 'unnamed'} ${typeof version === 'string' ? version : ''}`.trim(),
  );
}

function unknownServer(): Ending {
  return new Ending(
    'unknown_server',
    'There is no server of that name here. Check the address, or ask who runs the gateway.',
    { status: 404, rpcCode: REFUSAL.general },
  );
}

function unsupported(version: string, supported: readonly string[], rpcCode: number): Ending {
  return new Ending(
    'unsupported_version',
    `Protocol revision not supported. Supported: ${supported.join(', ')}.`,
    {
      status: 400,
      rpcCode,
      data: { supported, requested: named(version) },
    },
  );
}
