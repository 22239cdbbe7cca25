import Type from 'typebox';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { ExportTicket } from '../export-tickets.ts';
import { RECEIPTS_PAGE_ITEMS } from '../limits.ts';
import { AdminError } from '../problems.ts';
import { type Caller, draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant, ServerName } from '../schemas.ts';

const ChainAnswer = Type.Object({
  agent: Type.String(),
  chain: Type.String({ description: 'Another one means that the receipts of the agent began anew.' }),
  size: Type.Integer({ description: 'Receipts that are known here.' }),
  head: Type.String({ description: 'Hash of the last, hexadecimal.' }),
  recorded: Type.Integer({ description: 'Receipts whose head the log has.' }),
  at: Instant,
  problem: Type.Optional(Type.String({ description: 'Why the chain is not believed any more.' })),
});

const ReconciliationAnswer = Type.Object({
  agent: Type.String(),
  state: Type.Union([Type.Literal('done'), Type.Literal('away'), Type.Literal('problem')]),
  detail: Type.Optional(Type.String()),
  size: Type.Integer(),
  added: Type.Integer({ description: 'Receipts that were not known before.' }),
  unmatched: Type.Integer({ description: 'Of those, receipts of calls that the log has no intent of.' }),
  withReceipt: Type.Integer({ description: 'Calls that had ended as unknown and that the agent had begun.' }),
  withoutReceipt: Type.Integer({ description: 'Calls that had ended as unknown and never ran.' }),
});

/** Agents' receipts of executed calls, and their comparison with the log. */
export function addAuditReceiptRoutes(app: AdminApp, rooms: AdminRooms): void {
  addReceiptChainRoutes(app, rooms);
}

/** The part of an export that agents have written. `ticketOf` refuses who did not begin the export. */
export function addReceiptExportRoute(
  app: AdminApp,
  rooms: AdminRooms,
  ticketOf: (id: string, caller: Caller) => ExportTicket,
): void {
  app.route({
    method: 'GET',
    url: '/audit/exports/:id/receipts',
    config: { access: ['administrator', 'auditor'] },
    schema: {
      operationId: 'getExportReceipts',
      summary: "read a page of agents' receipts",
      tags: ['audit'],
      params: closed({ id: Type.String({ maxLength: 40 }) }),
      querystring: closed({ after: Type.Optional(Type.String({ maxLength: 200 })) }),
      response: {
        200: Type.Object({
          items: Type.Array(Type.String(), { description: 'Lines of the chains (docs/AUDIT.md, Receipts).' }),
          next: Type.Optional(Type.String()),
        }),
      },
    },
    handler: async (request) => {
      const { receipts } = ticketOf(request.params.id, callerOf(request));
      const after = positionOf(request.query.after);
      const found = await rooms.receipts.page(after, RECEIPTS_PAGE_ITEMS, receipts);
      const last = found.length < RECEIPTS_PAGE_ITEMS ? undefined : found.at(-1);
      return {
        items: found.map(({ line }) => line),
        ...(last === undefined ? {} : { next: `${last.agent}/${last.chain}/${last.n}` }),
      };
    },
  });
}

function positionOf(after: string | undefined): { agent: string; chain: string; n: number } | undefined {
  if (after === undefined) return undefined;
  const match = /^([a-z0-9-]{1,40})\/([A-Za-z0-9_]{1,80})\/(\d{1,15})$/.exec(after);
  if (match === null)
    throw new AdminError('invalid_request', '"after" is not of this list.', { field: 'after' });
  return { agent: match[1] ?? '', chain: match[2] ?? '', n: Number(match[3]) };
}

function addReceiptChainRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/audit/receipts',
    config: { access: ['administrator', 'auditor', 'operator'] },
    schema: {
      operationId: 'listReceiptChains',
      summary: "say how far agents' receipts are known",
      tags: ['audit'],
      response: { 200: Type.Object({ items: Type.Array(ChainAnswer) }) },
    },
    handler: async () => ({
      items: (await rooms.receipts.chains()).map(({ settledSeq: _, ...chain }) => chain),
    }),
  });

  app.route({
    method: 'POST',
    url: '/audit/receipts/reconcile',
    config: { access: ['administrator', 'auditor', 'operator'] },
    schema: {
      operationId: 'reconcileReceipts',
      summary: "compare an agent's receipts with the log, now",
      tags: ['audit'],
      body: closed({ agent: ServerName }),
      response: { 200: ReconciliationAnswer },
    },
    handler: async (request) => {
      const { agent } = request.body;
      const known = (await rooms.tunnel.agents()).some(({ name }) => name === agent);
      if (!known) throw new AdminError('not_found', `There is no agent named "${agent}".`);
      await rooms.audit.record(draftFor(callerOf(request), 'agent.receipts_asked', { fields: { agent } }));
      return await rooms.receipts.reconcile(agent);
    },
  });
}
