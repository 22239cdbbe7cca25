import type { CanonicalValue } from '@sallyport/shared/canonical-json';
import Type, { type Static } from 'typebox';
import type { TokenInfo } from '../../identity/index.ts';
import type { DocumentInput, ServiceAccountSpec } from '../../registry/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { MEMBERSHIPS_MAX_ITEMS, TOKEN_MAX_SECONDS, TOKEN_MIN_SECONDS } from '../limits.ts';
import { pageInMemory } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { type Caller, callerAsChanger, changeDraft, recordThenChange } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant, Name, PageQuery, pageOf, RoleName } from '../schemas.ts';
import { invalidDocuments } from './documents.ts';

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
});

/** Tokens of service accounts. */
export function addTokenRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'POST',
    url: '/tokens',
    config: { access: ['administrator'] },
    schema: {
      operationId: 'createToken',
      summary: 'create a token, and its service account and memberships where they are missing',
      tags: ['access'],
      body: NewToken,
      response: { 201: CreatedToken },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      await ensureAccount(rooms, caller, request.body);
      const created = await createRecorded(rooms, caller, request.body);
      return reply.code(201).send(created);
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
): Promise<Static<typeof CreatedToken>> {
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

/** The service account with at least these groups and roles, as changes of documents that the registry records. */
async function ensureAccount(
  rooms: AdminRooms,
  caller: Caller,
  wanted: Static<typeof NewToken>,
): Promise<void> {
  const snapshot = rooms.registry.snapshot();
  const account = snapshot.serviceAccounts.get(wanted.serviceAccount);
  if (account?.spec.disabled) {
    throw new AdminError(
      'conflict',
      `The service account "${account.name}" is disabled, so a token for it would not work. Enable it first ` +
        '(apply it with `disabled: false`).',
    );
  }
  const before: ServiceAccountSpec = account?.spec ?? { groups: [], roles: [], disabled: false };
  const spec = {
    ...before,
    groups: [...new Set([...before.groups, ...(wanted.groups ?? [])])],
    roles: [...new Set([...before.roles, ...(wanted.roles ?? [])])],
  };
  const same = spec.groups.length === before.groups.length && spec.roles.length === before.roles.length;
  if (account !== undefined && same) return;
  const input: DocumentInput = { kind: 'ServiceAccount', name: wanted.serviceAccount, spec };
  const plan = rooms.registry.plan([input]);
  if (plan.problems.length > 0) throw invalidDocuments([...plan.problems]);
  await rooms.registry.apply(plan, callerAsChanger(caller));
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
