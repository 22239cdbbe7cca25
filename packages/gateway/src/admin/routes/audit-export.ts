import Type, { type Static } from 'typebox';
import { AuditError, type DiskState, type StoredCheckpoint } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { type ExportTicket, ExportTickets } from '../export-tickets.ts';
import { EXPORT_PAGE_CHECKPOINTS } from '../limits.ts';
import { AdminError } from '../problems.ts';
import { type Caller, draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Digest, Instant } from '../schemas.ts';
import { AnchorsAnswer, addAuditAnchorRoutes, anchorsOf } from './audit-anchors.ts';
import { addAuditKeptRoutes } from './audit-kept.ts';
import { addReceiptExportRoute } from './audit-receipts.ts';
import { addAuditWitnessRoutes, QuorumAnswer, quorumOf } from './audit-witnesses.ts';

const READERS = ['administrator', 'auditor'] as const;

const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const CheckpointAnswer = Type.Object({
  number: Type.Integer({ description: 'Dense from 0.' }),
  size: Type.Integer({ description: 'Entries it covers.' }),
  ts: Instant,
  note: Type.String({ description: 'The signed note (C2SP tlog-checkpoint).' }),
});

const Keys = Type.Array(Type.String(), { description: 'Verifier keys of the log (C2SP signed-note).' });

const LogStatus = Type.Object({
  origin: Type.String(),
  size: Type.Integer(),
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

const Export = Type.Object({
  id: Type.String({ description: 'Id of the entry that records the export.' }),
  seq: Type.Integer(),
  origin: Type.String(),
  size: Type.Integer({
    description:
      'Entries in the export: 0 to size - 1; its own entry is among them unless there is a problem.',
  }),
  keys: Keys,
  checkpoint: CheckpointAnswer,
  problem: Type.Optional(
    Type.String({ description: 'Why the log is not signed now: the export ends with its last checkpoint.' }),
  ),
});

const Leaf = Type.Object({ leaf: Type.String(), leafHash: Digest });
const From = closed({ from: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }) });
const Id = closed({ id: Type.String({ maxLength: 40 }) });

/** How the log stands, its checkpoints, and taking it away whole. */
export function addAuditExportRoutes(app: AdminApp, rooms: AdminRooms): void {
  const tickets = new ExportTickets(() => rooms.clock.monotonicMs());
  addStatusRoutes(app, rooms);
  addAuditWitnessRoutes(app, rooms, (id, caller) => ticketOf(tickets, id, caller));
  addAuditAnchorRoutes(app, rooms, (id, caller) => ticketOf(tickets, id, caller));
  addAuditKeptRoutes(app, rooms, (id, caller) => ticketOf(tickets, id, caller));
  addReceiptExportRoute(app, rooms, (id, caller) => ticketOf(tickets, id, caller));

  app.route({
    method: 'POST',
    url: '/audit/exports',
    config: { access: READERS },
    schema: {
      operationId: 'beginExport',
      summary: 'begin an export of the audit log',
      tags: ['audit'],
      response: { 200: Export },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const recorded = await rooms.audit.record(
        draftFor(caller, 'log.export', { control: ['PCI 10.2.1.3'] }),
      );
      const { checkpoint, problem } = await lastCheckpoint(rooms);
      // So that the export ends with a checkpoint that is countersigned; it waits for a few seconds at most.
      await rooms.audit.witnesses?.settled(checkpoint);
      const { id, seq } = recorded;
      const { size, number } = checkpoint;
      tickets.add({ id, tokenId: caller.tokenId, size, checkpoint: number });
      return { id, seq, origin: rooms.audit.origin, size, keys: keysOf(rooms), checkpoint, ...problem };
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/exports/:id/leaves',
    config: { access: READERS },
    schema: {
      operationId: 'getExportLeaves',
      summary: "read a page of an export's entries",
      tags: ['audit'],
      params: Id,
      querystring: From,
      response: { 200: Type.Object({ items: Type.Array(Leaf), next: Type.Optional(Size) }) },
    },
    handler: async (request) => {
      const { from } = request.query;
      const { size } = ticketOf(tickets, request.params.id, callerOf(request));
      const items = await rooms.audit.leaves(from, size);
      const next = from + items.length;
      return { items, ...(items.length > 0 && next < size ? { next } : {}) };
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/exports/:id/checkpoints',
    config: { access: READERS },
    schema: {
      operationId: 'getExportCheckpoints',
      summary: "read a page of an export's checkpoints",
      tags: ['audit'],
      params: Id,
      querystring: From,
      response: { 200: Type.Object({ items: Type.Array(CheckpointAnswer), next: Type.Optional(Size) }) },
    },
    handler: async (request) => {
      const { checkpoint: last } = ticketOf(tickets, request.params.id, callerOf(request));
      const found = await rooms.audit.checkpoints(request.query.from, EXPORT_PAGE_CHECKPOINTS);
      const items = found.filter(({ number }) => number <= last);
      const next = (items.at(-1)?.number ?? last) + 1;
      return { items, ...(next <= last ? { next } : {}) };
    },
  });
}

/**
 * The checkpoint that an export ends with: a new one, which covers the export's own entry. A log that its signer
 * refuses is exported up to what was signed: that is when the proof of what happened is needed most.
 */
async function lastCheckpoint({
  audit,
}: AdminRooms): Promise<{ checkpoint: StoredCheckpoint; problem: { problem?: string } }> {
  try {
    return { checkpoint: await audit.makeCheckpoint(), problem: {} };
  } catch (error) {
    const checkpoint = audit.newestCheckpoint();
    if (!(error instanceof AuditError) || error.code !== 'signer_refused' || checkpoint === undefined)
      throw error;
    return { checkpoint, problem: { problem: error.message } };
  }
}

function addStatusRoutes(app: AdminApp, rooms: AdminRooms): void {
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

function keysOf({ audit }: AdminRooms): string[] {
  return [...(audit.signing()?.keys ?? [])];
}

function ticketOf(tickets: ExportTickets, id: string, caller: Caller): ExportTicket {
  const ticket = tickets.find(id, caller.tokenId);
  if (ticket !== undefined) return ticket;
  throw new AdminError(
    'not_found',
    `There is no export "${id}" under way that this token began. Begin it again (POST /api/v1/audit/exports).`,
  );
}
