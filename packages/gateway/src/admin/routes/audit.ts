import Type, { type Static } from 'typebox';
import type { EntryQuery, EntryValue, StoredEntry } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { readSeq } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Digest, Instant, Limit, Name, oneOf, pageOf } from '../schemas.ts';
import { addAuditExportRoutes } from './audit-export.ts';
import { addAuditTimelineRoute } from './audit-timeline.ts';

const EntryAnswer = Type.Object({
  seq: Type.Integer(),
  id: Type.String(),
  ts: Instant,
  origin: Type.String(),
  kind: Type.String(),
  leafHash: Digest,
  entry: Type.Record(Type.String(), Type.Unknown(), { description: 'The entry (AUDIT.md).' }),
});

const EntryWithLeaf = Type.Object({
  ...EntryAnswer.properties,
  leaf: Type.String({ description: 'The exact text whose SHA-256(0x00 ‖ text) is `leafHash`.' }),
});

const EntrySearch = closed({
  kind: Type.Optional(Name),
  principal: Type.Optional(Name),
  server: Type.Optional(Name),
  tool: Type.Optional(Name),
  session: Type.Optional(Name),
  call: Type.Optional(Name),
  agent: Type.Optional(Name),
  method: Type.Optional(Name),
  decision: Type.Optional(Type.Union([Type.Literal('allow'), Type.Literal('deny'), Type.Literal('hold')])),
  policy: Type.Optional(Name),
  approval: Type.Optional(Name),
  grant: Type.Optional(Name),
  finding: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: 'A masking rule or an entity: PCI, PAN.' }),
  ),
  ending: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 40,
      description: 'answered, not_sent, unknown, withheld, cancelled.',
    }),
  ),
  text: Type.Optional(
    Type.String({ minLength: 2, maxLength: 500, description: 'Words that are all in the masked bodies.' }),
  ),
  from: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339, inclusive.' })),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339, exclusive.' })),
  order: oneOf(['newest', 'oldest'], { default: 'newest' }),
  after: After,
  limit: Limit,
});
type EntrySearch = Static<typeof EntrySearch>;

const READERS = ['administrator', 'auditor'] as const;

/** The audit log. Each reading is an entry (PCI DSS 10.2.1.3), recorded before anything is read. */
export function addAuditRoutes(app: AdminApp, rooms: AdminRooms): void {
  addAuditExportRoutes(app, rooms);
  addAuditTimelineRoute(app, rooms);
  app.route({
    method: 'GET',
    url: '/audit/entries',
    config: { access: READERS },
    schema: {
      operationId: 'searchEntries',
      summary: 'search the audit log',
      tags: ['audit'],
      querystring: EntrySearch,
      response: { 200: pageOf(EntryAnswer) },
    },
    handler: async (request) => {
      const query = readQuery(request.query);
      await rooms.audit.record(
        draftFor(callerOf(request), 'log.read', {
          control: ['PCI 10.2.1.3'],
          fields: { query: { ...query } satisfies EntryValue },
        }),
      );
      const { items, next } = await rooms.audit.searchPage(query);
      return { items: items.map(entryAnswer), ...(next === undefined ? {} : { next: String(next) }) };
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/entries/:seq',
    config: { access: READERS },
    schema: {
      operationId: 'getEntry',
      summary: 'show one entry of the audit log with its leaf',
      tags: ['audit'],
      params: closed({ seq: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) }),
      response: { 200: EntryWithLeaf },
    },
    handler: async (request) => {
      const { seq } = request.params;
      await rooms.audit.record(
        draftFor(callerOf(request), 'log.read', { control: ['PCI 10.2.1.3'], fields: { query: { seq } } }),
      );
      const stored = await rooms.audit.get(seq);
      if (stored === undefined) {
        throw new AdminError('not_found', `The log ${rooms.audit.origin} has no entry ${seq} yet.`);
      }
      return { ...entryAnswer(stored), leaf: stored.leaf };
    },
  });
}

function readQuery(search: EntrySearch): EntryQuery {
  const { after, from, until, ...rest } = search;
  if (search.text !== undefined && !/[\p{L}\p{N}]{2}/u.test(search.text)) {
    throw new AdminError('invalid_request', '"text" must have a word of two letters or digits at least.', {
      field: 'text',
    });
  }
  const seq = readSeq(after);
  return {
    ...rest,
    ...(from === undefined ? {} : { from: readInstant('from', from) }),
    ...(until === undefined ? {} : { until: readInstant('until', until) }),
    ...(seq === undefined ? {} : { after: seq }),
  };
}

/** An instant in the log's own form: UTC with milliseconds, so that texts compare as times do. */
function readInstant(field: string, text: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new AdminError(
    'invalid_request',
    `"${field}" in the query must be a day or an RFC 3339 instant, such as 2026-01-31T08:00:00Z.`,
    { field },
  );
}

function entryAnswer(stored: StoredEntry): Static<typeof EntryAnswer> {
  const { seq, id, ts, origin, kind, leafHash, leaf } = stored;
  // The leaf is canonical JSON of an object that the log itself made: integers and strings, so parsing loses nothing.
  const entry = JSON.parse(leaf) as Record<string, unknown>;
  return { seq, id, ts, origin, kind, leafHash, entry };
}
