import Type, { type Static } from 'typebox';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { readSeq } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Instant, Limit } from '../schemas.ts';

const Step = Type.Object({
  seq: Type.Integer(),
  ts: Instant,
  kind: Type.String(),
  /** What happened, in words. */
  what: Type.String(),
  call: Type.Optional(Type.String()),
  method: Type.Optional(Type.String()),
  tool: Type.Optional(Type.String()),
  decision: Type.Optional(Type.String()),
  policies: Type.Optional(Type.Array(Type.String())),
  grant: Type.Optional(Type.String()),
  approval: Type.Optional(Type.String()),
  ending: Type.Optional(Type.String()),
  durationMs: Type.Optional(Type.Integer()),
  findings: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  request: Type.Optional(Type.String({ description: 'Digest of the masked request.' })),
  response: Type.Optional(Type.String({ description: 'Digest of the released answer.' })),
});
type Step = Static<typeof Step>;

const Timeline = Type.Object({
  session: Type.String(),
  items: Type.Array(Step, { description: 'Oldest first.' }),
  next: Type.Optional(Type.String()),
});

/** What happened in one session, in order, as an examiner reads it. The reading is itself recorded. */
export function addAuditTimelineRoute(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/audit/sessions/:id/timeline',
    config: { access: ['administrator', 'auditor'] },
    schema: {
      operationId: 'getSessionTimeline',
      summary: 'tell what happened in a session, in order',
      tags: ['audit'],
      params: closed({ id: Type.String({ pattern: '^ses_[0-9A-Z]{1,40}$' }) }),
      querystring: closed({ after: After, limit: Limit }),
      response: { 200: Timeline },
    },
    handler: async (request) => {
      const session = request.params.id;
      const after = readSeq(request.query.after);
      const query = { session, order: 'oldest' as const, limit: request.query.limit };
      await rooms.audit.record(
        draftFor(callerOf(request), 'log.read', {
          control: ['PCI 10.2.1.3'],
          fields: { query: { ...query } },
        }),
      );
      const page = await rooms.audit.searchPage({ ...query, ...(after === undefined ? {} : { after }) });
      if (page.items.length === 0 && after === undefined)
        throw new AdminError('not_found', `The log has no session "${session}".`);
      return {
        session,
        items: page.items.map(stepOf),
        ...(page.next === undefined ? {} : { next: String(page.next) }),
      };
    },
  });
}

/** Of an entry, what a timeline tells. */
interface Leaf {
  readonly call?: string;
  readonly method?: string;
  readonly tool?: string;
  readonly grant?: string;
  readonly approval?: string;
  readonly duration?: number;
  readonly actor?: { readonly name?: string };
  readonly server?: string;
  readonly decision?: {
    readonly effect?: string;
    readonly policies?: readonly string[];
    readonly reasons?: readonly string[];
  };
  readonly outcome?: { readonly transport?: string; readonly rpc?: string; readonly tool?: string };
  readonly request?: { readonly digest?: string };
  readonly response?: { readonly digest?: string; readonly findings?: Readonly<Record<string, number>> };
  readonly fields?: { readonly reason?: unknown };
}

function stepOf({ seq, ts, kind, leaf }: { seq: number; ts: string; kind: string; leaf: string }): Step {
  // Cast: the leaf is our own canonical JSON of an entry.
  const entry = JSON.parse(leaf) as Leaf;
  const { call, method, tool, grant, approval, decision, outcome, request, response } = entry;
  return {
    seq,
    ts,
    kind,
    what: wordsFor(kind, entry),
    ...(call === undefined ? {} : { call }),
    ...(method === undefined ? {} : { method }),
    ...(tool === undefined ? {} : { tool }),
    ...(decision?.effect === undefined
      ? {}
      : { decision: decision.effect, policies: [...(decision.policies ?? [])] }),
    ...(grant === undefined ? {} : { grant }),
    ...(approval === undefined ? {} : { approval }),
    ...(outcome?.transport === undefined ? {} : { ending: outcome.transport }),
    ...(entry.duration === undefined ? {} : { durationMs: entry.duration }),
    ...(response?.findings === undefined ? {} : { findings: { ...response.findings } }),
    ...(request?.digest === undefined ? {} : { request: request.digest }),
    ...(response?.digest === undefined ? {} : { response: response.digest }),
  };
}

/** One line for a person. */
function wordsFor(kind: string, { actor, server, method, tool, decision, outcome, fields }: Leaf): string {
  const thing = tool === undefined ? (method ?? 'a request') : `the tool ${tool}`;
  const reason = typeof fields?.reason === 'string' ? ` (${fields.reason})` : '';
  switch (kind) {
    case 'session.start':
      return `${actor?.name ?? 'somebody'} began a session with ${server ?? 'a server'}`;
    case 'session.end':
      return `the session ended${reason}`;
    case 'decision.deny':
      return `${thing} was denied (${(decision?.reasons ?? []).join(', ')})`;
    case 'call.intent':
      return `${thing} was about to be sent`;
    case 'call.outcome':
      return outcome?.transport === 'answered'
        ? `${thing} was answered${outcome.rpc === 'error' || outcome.tool === 'error' ? ' with an error' : ''}`
        : `${thing} ended as ${outcome?.transport ?? 'unknown'}${reason}`;
    case 'call.indeterminate':
      return `of ${thing} it is not known how it ended`;
    case 'call.interim':
      return `something came before the answer of ${thing}`;
    default:
      return `${kind.replace('.', ': ')}${reason}`;
  }
}
