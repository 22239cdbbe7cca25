import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import type { Approval, Approvals } from './approval/index.ts';
import { sendOutbound } from './audit/index.ts';
import type { Settings } from './config/index.ts';
import { type Notify, openNotify, type Told } from './notify/index.ts';
import type { Registry } from './registry/index.ts';
import type { Store } from './store/index.ts';
import type { Logger } from './telemetry/index.ts';

export interface NotifyParts {
  readonly store: Store;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly settings: Pick<Settings, 'dataDir' | 'secretsDir' | 'outboundPrivateHosts' | 'outboundCaFile'>;
  /** The approval room, once it is open: what is told is read from it when it is told. */
  readonly approvals: () => Pick<Approvals, 'get'> | undefined;
}

/** Joins the notify room with documents, secrets, the outbound guard and approvals. */
export function joinNotify(parts: NotifyParts, undo: (() => unknown)[]): Notify {
  const { store, logger, registry, settings } = parts;
  const { outboundPrivateHosts = [], outboundCaFile } = settings;
  const guard = {
    privateHosts: outboundPrivateHosts,
    ...(outboundCaFile === undefined ? {} : { ca: readFileSync(outboundCaFile, 'utf8') }),
  };
  const secrets = settings.secretsDir ?? join(settings.dataDir, 'secrets');
  const notify = openNotify({
    store,
    logger,
    clock: systemClock,
    send: (request) => sendOutbound(guard, request),
    rules: () =>
      [...registry.snapshot().of('Notification').values()]
        .filter(({ spec }) => spec.enabled)
        .map(({ name, spec: { description: _description, enabled: _enabled, ...rest } }) => ({
          name,
          ...rest,
        })),
    // The document's schema lets no name lead out of the folder.
    secret: async (name) => {
      const text = (await readFile(join(secrets, name), 'utf8').catch(() => '')).trim();
      if (text === '') throw new Error(`there is no secret "${name}" in the folder of secrets`);
      return text;
    },
    told: async (id) => {
      const approval = await parts.approvals()?.get(id);
      return approval && toldOf(approval);
    },
  });
  undo.push(() => notify.close());
  return notify;
}

/** Names and numbers of an approval: nothing of what the call holds leaves by a message. */
function toldOf(approval: Approval): Told {
  const { id, kind, state, digest, requester, server, tool, method, flows, rules, policies } = approval;
  const { requestedAt, expiresAt, endReason, votes } = approval;
  return {
    id,
    kind,
    state,
    digest,
    requester: requester.name,
    server,
    ...(tool === undefined ? {} : { tool }),
    method,
    flows,
    needs: Object.entries(rules).map(
      ([flow, { stages }]) =>
        `${flow}: ${stages.map(({ approvers, needed }) => `${needed} of ${approvers.join(' or ')}`).join(', ')}`,
    ),
    policies,
    requestedAt,
    expiresAt,
    ...(endReason === undefined ? {} : { endReason }),
    votes: votes.map(({ by, effect }) => ({ by: by.name, effect })),
  };
}
