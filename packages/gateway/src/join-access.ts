import { systemClock } from '@sallyport/shared/clock';
import type { Audit } from './audit/index.ts';
import { numberLexeme } from './call/index.ts';
import {
  AccessReviews,
  type ApprovalAsk,
  type Grants,
  type GrantsOptions,
  type GrantTerms,
  openGrants,
} from './grant/index.ts';
import { announceTools } from './join-news.ts';
import { type Limits, openLimits } from './limit/index.ts';
import type { Policy } from './policy/index.ts';
import type { Registry } from './registry/index.ts';
import type { Sessions } from './session/index.ts';
import type { RedisConnection, Store } from './store/index.ts';
import type { Logger } from './telemetry/index.ts';

export interface AccessParts {
  readonly store: Store;
  /** Counts calls for limits, where there is one. */
  readonly redis?: RedisConnection | undefined;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly registry: Registry;
  readonly policy: Policy;
  readonly sessions: Sessions;
  readonly askApproval: (ask: ApprovalAsk) => Promise<string>;
  readonly withdrawApproval: (approval: string, reason: string) => Promise<void>;
}

export interface Access {
  readonly grants: Grants;
  readonly limits: Limits;
  readonly accessReviews: AccessReviews;
}

/** Joins grants and limits with policy, documents, sessions and the log. */
export async function joinAccess(parts: AccessParts, undo: (() => unknown)[]): Promise<Access> {
  const { store, logger, audit, registry, sessions } = parts;
  const grants = await openGrants({
    ...optionsFor(parts),
    store,
    logger,
    record: (entry) => audit.record(entry),
  });
  undo.push(() => grants.close());
  grants.onChanged(({ grant, effect, sessions: working }) => {
    // What may no longer be done is not gone on with: revoked and expired grants end what runs under them.
    if (effect === 'ended' && working.length > 0) {
      sessions.endWhere(({ id }) => working.includes(id), 'revoked');
    }
    announceTools(
      sessions,
      ({ principalKind, principal, server }) =>
        principalKind === grant.principal.kind &&
        principal === grant.principal.name &&
        server === grant.server,
    );
  });
  const limits = openLimits({
    pool: store.pool,
    ...(parts.redis === undefined ? {} : { redis: parts.redis.client }),
    logger,
    numberLexeme,
  });
  undo.push(() => limits.close());
  const useLimits = (): void => {
    const documents = [...registry.snapshot().of('Limit').values()].filter(({ spec }) => spec.enabled);
    limits.use(documents.map(({ name, spec }) => ({ name, ...spec })));
  };
  useLimits();
  registry.onChange(useLimits);
  const accessReviews = new AccessReviews({
    store,
    clock: systemClock,
    record: (entry) => audit.record(entry),
    accounts: () =>
      [...registry.snapshot().serviceAccounts.values()].map(({ name, spec }) => ({ name, ...spec })),
    lastUsed: () => sessions.lastSeen(),
  });
  return { grants, limits, accessReviews };
}

function optionsFor(parts: AccessParts): Omit<GrantsOptions, 'store' | 'logger' | 'record'> {
  const { registry, policy, askApproval, withdrawApproval } = parts;
  return {
    clock: systemClock,
    numberLexeme,
    bounds: (server) => {
      const spec = registry.snapshot().servers.get(server)?.spec;
      if (spec === undefined || !spec.enabled) return undefined;
      const { maxMinutes, ticket } = spec.grants ?? {};
      return {
        ...(maxMinutes === undefined ? {} : { maxSeconds: maxMinutes * 60 }),
        ...(ticket === undefined ? {} : { ticket }),
      };
    },
    decide: (terms, approvedFlows) => {
      const { effect, reasons, flows = [] } = policy.decide(questionOf(terms, approvedFlows, registry));
      return { effect, reasons, flows };
    },
    askApproval,
    withdrawApproval,
  };
}

/** A request for access as policy sees it: `context.arguments` has `minutes`, `tools`, `uses` and `ticket`. */
function questionOf(
  terms: GrantTerms,
  approvedFlows: readonly string[],
  registry: Registry,
): Parameters<Policy['decide']>[0] {
  const { principal, server, tools, ticket, durationSeconds, usesMax, session } = terms;
  const account = registry.snapshot().serviceAccounts.get(principal.name)?.spec;
  return {
    principal: { ...principal, groups: principal.kind === 'service-account' ? (account?.groups ?? []) : [] },
    action: 'request',
    server,
    resource: { type: 'Server', name: server },
    arguments: () => ({
      minutes: Math.ceil(durationSeconds / 60),
      tools,
      ...(ticket === undefined ? {} : { ticket }),
      ...(usesMax === undefined ? {} : { uses: usesMax }),
    }),
    context: {
      era: 'modern',
      ...(session === undefined ? {} : { session }),
      ...(approvedFlows.length === 0 ? {} : { approval: { flows: approvedFlows } }),
    },
  };
}
