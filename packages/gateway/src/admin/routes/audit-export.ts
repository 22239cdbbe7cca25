import Type, { type Static } from 'typebox';
import { AuditError, type StoredCheckpoint } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { type ExportTicket, ExportTickets } from '../export-tickets.ts';
import { EXPORT_PAGE_CHECKPOINTS } from '../limits.ts';
import { AdminError } from '../problems.ts';
import { type Caller, draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Digest, Instant } from '../schemas.ts';
import { addAuditAnchorRoutes } from './audit-anchors.ts';
import { addAuditKeptRoutes } from './audit-kept.ts';
import { addReceiptExportRoute } from './audit-receipts.ts';
import { addStatusRoutes, CheckpointAnswer, Keys, keysOf } from './audit-status.ts';
import { addAuditWitnessRoutes } from './audit-witnesses.ts';

const READERS = ['administrator', 'auditor'] as const;

const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const Export = Type.Object({
  id: Type.String({ description: 'Id of the entry that records the export.' }),
  seq: Type.Integer(),
  origin: Type.String(),
  from: Type.Integer({ description: 'Seq of the first entry in the export.' }),
  size: Type.Integer({
    description:
      'The last entry is the one before this seq. Its own is among them unless it was to end earlier, or there is a problem.',
  }),
  before: Type.Array(Digest, {
    description: 'Roots of the complete subtrees that make up the entries before the first, largest first.',
  }),
  firstCheckpoint: Type.Integer({ description: 'Number of its first checkpoint.' }),
  keys: Keys,
  checkpoint: CheckpointAnswer,
  problem: Type.Optional(
    Type.String({ description: 'Why the log is not signed now: the export ends with its last checkpoint.' }),
  ),
});

const Place = Type.Union([Size, Instant], { description: 'A seq, or a time (RFC 3339).' });
/** Which entries: from the first on where nothing is said, and to the last. */
const Part = closed({ from: Type.Optional(Place), until: Type.Optional(Place) });

const Leaf = Type.Object({ leaf: Type.String(), leafHash: Digest });
const From = closed({ from: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }) });
const Id = closed({ id: Type.String({ maxLength: 40 }) });

/** How the log stands, its checkpoints, and taking it away, whole or a part of it. */
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
      summary: 'begin an export of the audit log, or of a part of it',
      tags: ['audit'],
      // Nothing is asked of a part where there is no body.
      body: Type.Union([Part, Type.Null()]),
      response: { 200: Export },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const asked = request.body ?? {};
      const part = await partOf(rooms, asked);
      const recorded = await rooms.audit.record(
        draftFor(caller, 'log.export', {
          control: ['PCI 10.2.1.3'],
          ...(Object.keys(asked).length === 0 ? {} : { fields: { part } }),
        }),
      );
      const { checkpoint, problem } = await lastCheckpoint(rooms, part.until);
      // So that the export ends with a checkpoint that is countersigned; it waits for a few seconds at most.
      await rooms.audit.witnesses?.settled(checkpoint);
      const { id, seq } = recorded;
      const { size, number } = checkpoint;
      const { from } = part;
      const firstCheckpoint = from === 0 ? 0 : ((await rooms.audit.checkpointUpTo(from))?.number ?? 0);
      const before = (await rooms.audit.treeBefore(from)).map((root) => root.toString('hex'));
      const isPart = from > 0 || part.until !== undefined;
      const receipts = isPart ? { receipts: await rooms.receipts.spans(from, size) } : {};
      tickets.add({
        id,
        tokenId: caller.tokenId,
        from,
        size,
        firstCheckpoint,
        checkpoint: number,
        ...receipts,
      });
      const { origin } = rooms.audit;
      const range = { from, size, before, firstCheckpoint };
      return { id, seq, origin, ...range, keys: keysOf(rooms), checkpoint, ...problem };
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
      const { size, from: first } = ticketOf(tickets, request.params.id, callerOf(request));
      const from = Math.max(first, request.query.from);
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
      const { firstCheckpoint, checkpoint: last } = ticketOf(tickets, request.params.id, callerOf(request));
      const from = Math.max(firstCheckpoint, request.query.from);
      const found = await rooms.audit.checkpoints(from, EXPORT_PAGE_CHECKPOINTS);
      const items = found.filter(({ number }) => number <= last);
      const next = (items.at(-1)?.number ?? last) + 1;
      return { items, ...(next <= last ? { next } : {}) };
    },
  });
}

/** The seqs of a part; what is asked for by time begins and ends with the first entry from then on. */
async function partOf(
  { audit }: AdminRooms,
  { from = audit.first(), until }: Static<typeof Part>,
): Promise<{ from: number; until?: number }> {
  const seqOf = async (place: number | string): Promise<number> => {
    if (typeof place === 'number') return place;
    try {
      return await audit.seqAt(place);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const words = `"${place.slice(0, 40)}" is neither the seq of an entry nor a time: ${error.message}.`;
      throw new AdminError('invalid_request', words, { field: 'from' });
    }
  };
  const part = { from: await seqOf(from), ...(until === undefined ? {} : { until: await seqOf(until) }) };
  const end = part.until ?? audit.size();
  if (part.from < audit.first()) {
    throw new AdminError(
      'invalid_request',
      `The entries before ${audit.first()} are gone (audit retention status says where their exports are). Begin there or later.`,
      { field: 'from' },
    );
  }
  if (part.from < end && end <= audit.size()) return part;
  throw new AdminError(
    'invalid_request',
    `The log has the entries ${audit.first()} to ${audit.size() - 1}, and there are none from ${part.from} to before ${end}.`,
    { field: 'from' },
  );
}

/**
 * The checkpoint that an export ends with: of a part the first that covers it; else a new one, which covers the export's own entry. A log that its signer
 * refuses is exported up to what was signed: that is when the proof of what happened is needed most.
 */
async function lastCheckpoint(
  { audit }: AdminRooms,
  until: number | undefined,
): Promise<{ checkpoint: StoredCheckpoint; problem: { problem?: string } }> {
  const covering = until === undefined ? undefined : await audit.checkpointFrom(until);
  if (covering !== undefined) return { checkpoint: covering, problem: {} };
  try {
    return { checkpoint: await audit.makeCheckpoint(), problem: {} };
  } catch (error) {
    const checkpoint = audit.newestCheckpoint();
    if (!(error instanceof AuditError) || error.code !== 'signer_refused' || checkpoint === undefined)
      throw error;
    return { checkpoint, problem: { problem: error.message } };
  }
}

function ticketOf(tickets: ExportTickets, id: string, caller: Caller): ExportTicket {
  const ticket = tickets.find(id, caller.tokenId);
  if (ticket !== undefined) return ticket;
  throw new AdminError(
    'not_found',
    `There is no export "${id}" under way that this token began. Begin it again (POST /api/v1/audit/exports).`,
  );
}
