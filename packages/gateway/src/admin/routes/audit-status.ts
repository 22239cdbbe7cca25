import Type, { type Static } from 'typebox';
import type { DiskState, StoredCheckpoint } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import type { AdminRooms } from '../rooms.ts';
import { Instant } from '../schemas.ts';
import { AnchorsAnswer, anchorsOf } from './audit-anchors.ts';
import { QuorumAnswer, quorumOf } from './audit-witnesses.ts';

const READERS = ['administrator', 'auditor'] as const;

export const CheckpointAnswer = Type.Object({
  number: Type.Integer({ description: 'Dense from 0.' }),
  size: Type.Integer({ description: 'Entries it covers.' }),
  ts: Instant,
  note: Type.String({ description: 'The signed note (C2SP tlog-checkpoint).' }),
});

export const Keys = Type.Array(Type.String(), {
  description: 'Verifier keys of the log (C2SP signed-note).',
});

const LogStatus = Type.Object({
  origin: Type.String(),
  size: Type.Integer(),
  first: Type.Integer({
    description: 'Seq of the first entry that is left (audit/retention says what has gone).',
  }),
  healthy: Type.Boolean({ description: 'Whether calls are taken, as far as the log decides it.' }),
  signed: Type.Boolean({ description: 'Whether the last checkpoint that was due could be made.' }),
  problem: Type.Optional(Type.String({ description: 'Why it could not.' })),
  problemSeconds: Type.Optional(Type.Integer({ description: 'For how long.' })),
  keys: Keys,
  checkpoint: Type.Optional(CheckpointAnswer),
  witnesses: Type.Optional(QuorumAnswer),
  anchors: Type.Optional(AnchorsAnswer),
  disk: Type.Optional(
    Type.Object(
      {
        freePercent: Type.Integer(),
        low: Type.Boolean({ description: 'An alarm.' }),
        refuses: Type.Boolean({ description: 'Whether calls are refused for it.' }),
        problem: Type.Optional(Type.String()),
      },
      { description: 'Of the embedded Postgres.' },
    ),
  ),
  forwarding: Type.Array(
    Type.Object({
      target: Type.String(),
      confirmed: Type.Integer({ description: 'Entries that were handed over for certain.' }),
      waiting: Type.Integer(),
      problem: Type.Optional(Type.String()),
    }),
    { description: 'Receivers of syslog.' },
  ),
});

/** How the log stands, and signing it now. */
export function addStatusRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/audit/status',
    config: { access: ['administrator', 'auditor', 'operator'] },
    schema: {
      operationId: 'getLogStatus',
      summary: 'say how the audit log is, and its newest checkpoint',
      tags: ['audit'],
      response: { 200: LogStatus },
    },
    handler: async () => logStatus(rooms),
  });

  app.route({
    method: 'POST',
    url: '/audit/checkpoints',
    config: { access: READERS },
    schema: {
      operationId: 'makeCheckpoint',
      summary: 'sign the audit log as it is now; the note comes with who has countersigned it',
      tags: ['audit'],
      response: { 200: CheckpointAnswer },
    },
    handler: async (): Promise<StoredCheckpoint> => {
      const checkpoint = await rooms.audit.makeCheckpoint();
      const { witnesses } = rooms.audit;
      if (witnesses === undefined) return checkpoint;
      await witnesses.settled(checkpoint);
      return { ...checkpoint, note: await witnesses.cosigned(checkpoint) };
    },
  });
}

function logStatus(rooms: AdminRooms): Static<typeof LogStatus> {
  const { audit } = rooms;
  const signing = audit.signing();
  const checkpoint = audit.newestCheckpoint();
  return {
    origin: audit.origin,
    size: audit.size(),
    first: audit.first(),
    healthy: audit.healthy(),
    signed: signing?.ok === true,
    ...(signing?.ok === false
      ? { problem: signing.reason, problemSeconds: Math.round(signing.forMs / 1_000) }
      : {}),
    keys: keysOf(rooms),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...quorumOf(rooms),
    ...anchorsOf(rooms),
    ...diskOf(rooms),
    forwarding: audit.forwarding(),
  };
}

function diskOf({ audit }: AdminRooms): { disk?: DiskState } {
  const disk = audit.disk();
  return disk === undefined ? {} : { disk };
}

export function keysOf({ audit }: AdminRooms): string[] {
  return [...(audit.signing()?.keys ?? [])];
}
