import type { CanonicalValue } from '@sallyport/shared/canonical-json';
import Type, { type Static } from 'typebox';
import type { TokenInfo } from '../../identity/index.ts';
import type { Change, ServiceAccountSpec } from '../../registry/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { DocumentChanges } from '../document-changes.ts';
import { MEMBERSHIPS_MAX_ITEMS, TOKEN_MAX_SECONDS, TOKEN_MIN_SECONDS } from '../limits.ts';
import { pageInMemory } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { type Caller, changeDraft, recordThenChange } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant, Name, oneOf, PageQuery, pageOf, RoleName } from '../schemas.ts';

const TokenAnswer = Type.Object({
  id: Type.String({ description: '`tok_…`' }),
  serviceAccount: Type.String(),
  createdAt: Instant,
  createdBy: Type.String(),
  expiresAt: Instant,
  revokedAt: Type.Optional(Instant),
});

const NewToken = closed({
  serviceAccount: Name,
  groups: Type.Optional(Type.Array(Name, { maxItems: MEMBERSHIPS_MAX_ITEMS })),
  roles: Type.Optional(Type.Array(RoleName, { maxItems: MEMBERSHIPS_MAX_ITEMS })),
  expiresInSeconds: Type.Integer({ minimum: TOKEN_MIN_SECONDS, maximum: TOKEN_MAX_SECONDS }),
});

const CreatedToken = Type.Object({
  ...TokenAnswer.properties,
  token: Type.String({ description: 'Shown this once; the gateway keeps only a hash.' }),
  changes: Type.Array(
    Type.Object({
      kind: Type.String(),
      name: Type.String(),
      effect: oneOf(['create', 'update', 'unchanged', 'delete']),
    }),
    { description: 'Documents that had to be created or changed for it.' },
  ),
});

/** Tokens of service accounts. */
export function addTokenRoutes(app: AdminApp, rooms: AdminRooms, changes: DocumentChanges): void {
  app.route({
    method: 'POST',
    url: '/tokens',
    config: { access: ['administrator'] },
    schema: {
      operationId: 'createToken',
      summary: 'create a token, and its service account, groups and memberships where they are missing',
      tags: ['access'],
      body: NewToken,
      response: { 201: CreatedToken },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const made = await ensureAccount(changes, caller, request.body);
      const created = await createRecorded(rooms, caller, request.body);
      return reply.code(201).send({
        ...created,
        changes: made.map(({ kind, name, effect }) => ({ kind, name, effect })),
      });
    },
  });

  app.route({
    method: 'GET',
    url: '/tokens',
    config: { access: ['administrator', 'auditor'] },
    schema: {
      operationId: 'listTokens',
      summary: 'list tokens, never their texts',
      tags: ['access'],
      querystring: PageQuery,
      response: { 200: pageOf(TokenAnswer) },
    },
    handler: async (request) =>
      pageInMemory(
        (await rooms.identity.listTokens()).map(tokenAnswer),
        request.query,
        (token) => `${token.createdAt} ${token.id}`,
      ),
  });

  app.route({
    method: 'DELETE',
    url: '/tokens/:id',
    config: { access: ['administrator'] },
    schema: {
      operationId: 'revokeToken',
      summary: 'revoke a token at once',
      tags: ['access'],
      params: closed({ id: Name }),
      response: { 200: TokenAnswer },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const token = (await rooms.identity.listTokens()).find((each) => each.id === id);
      if (token === undefined) throw noSuchToken(id);
      if (token.revokedAt !== undefined) return tokenAnswer(token);
      const draft = changeDraft(caller, {
        kind: 'Token',
        name: id,
        effect: 'delete',
        before: publicDescription(token),
      });
      const revoked = await recordThenChange(rooms, draft, () => rooms.identity.revokeToken(id));
      if (revoked === undefined) throw noSuchToken(id);
      return tokenAnswer(revoked);
    },
  });
}

/**
 * Creates the token and records it before its text leaves: a token takes effect when somebody holds it. A crash in
 * between leaves a token whose text nobody knows; where the log refuses, it is revoked again.
 */
async function createRecorded(
  rooms: AdminRooms,
  caller: Caller,
  request: Static<typeof NewToken>,
): Promise<Static<typeof TokenAnswer> & { token: string }> {
  const { token, ...info } = await rooms.identity.createToken({
    serviceAccount: request.serviceAccount,
    expiresInMs: request.expiresInSeconds * 1000,
    createdBy: caller.principal.name,
  });
  try {
    await rooms.audit.record(
      changeDraft(caller, { kind: 'Token', name: info.id, effect: 'create', after: publicDescription(info) }),
    );
  } catch (cause) {
    await rooms.identity
      .revokeToken(info.id)
      .catch(() =>
        rooms.logger.error('a token that could not be recorded could not be revoked', { id: info.id }),
      );
    throw cause;
  }
  return { ...tokenAnswer(info), token };
}

/**
 * The service account with at least these groups and roles, and the groups themselves where they are missing, as
 * changes of documents that the registry records. A group that nobody has written a policy for permits nothing.
 */
async function ensureAccount(
  changes: DocumentChanges,
  caller: Caller,
  wanted: Static<typeof NewToken>,
): Promise<readonly Change[]> {
  const applied = await changes.apply(caller, (snapshot) => {
    const account = snapshot.serviceAccounts.get(wanted.serviceAccount);
    if (account?.spec.disabled) throw accountDisabled(account.name);
    const before: ServiceAccountSpec = account?.spec ?? { groups: [], roles: [], disabled: false };
    const spec = {
      ...before,
      groups: [...new Set([...before.groups, ...(wanted.groups ?? [])])],
      roles: [...new Set([...before.roles, ...(wanted.roles ?? [])])],
    };
    const missing = spec.groups.filter((name) => !snapshot.groups.has(name));
    return {
      documents: [
        ...missing.map((name) => ({ kind: 'Group', name, spec: {} })),
        { kind: 'ServiceAccount', name: wanted.serviceAccount, spec },
      ],
    };
  });
  return applied.changes.filter((change) => change.effect !== 'unchanged');
}

function accountDisabled(name: string): AdminError {
  return new AdminError(
    'conflict',
    `The service account "${name}" is disabled, so a token for it would not work. Enable it first (apply it with ` +
      '`disabled: false`).',
  );
}

function publicDescription(token: TokenInfo): CanonicalValue {
  const { id, serviceAccount, createdAt, createdBy, expiresAt } = token;
  return { id, serviceAccount, createdAt, createdBy, expiresAt };
}

function tokenAnswer(token: TokenInfo): Static<typeof TokenAnswer> {
  const { id, serviceAccount, createdAt, createdBy, expiresAt, revokedAt } = token;
  return {
    id,
    serviceAccount,
    createdAt,
    createdBy,
    expiresAt,
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}

function noSuchToken(id: string): AdminError {
  return new AdminError('not_found', `There is no token with the id "${id}". GET /tokens lists them.`);
}
