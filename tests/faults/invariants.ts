import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import type { Programs } from '../framework/programs.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What callers have sent and received. Each call has a number, its argument `n`, which the echo servers write down. */
export class Seen {
  /** Digest of each call's request, by its number. */
  readonly digests: string[] = [];
  /** Calls whose answer came whole. */
  readonly answered = new Set<number>();
  /** Calls that the client was told are denied. */
  readonly denied = new Set<number>();
  /** Messages that came before an answer, by call. */
  readonly interims = new Map<number, number>();
  /** Documents whose change the API confirmed, by the text of theirs that no other change has. */
  readonly changes = new Map<string, string>();

  /** @param request members of `params` beside the number, where it is not a plain call of `echo` */
  next(request: { readonly name?: string; readonly args?: object; readonly meta?: object } = {}): {
    n: number;
    body: string;
  } {
    const n = this.digests.length;
    const { name = 'echo', args = {}, meta } = request;
    const params = { name, arguments: { n, ...args }, ...(meta === undefined ? {} : { _meta: meta }) };
    const body = JSON.stringify({ jsonrpc: '2.0', id: n + 1, method: 'tools/call', params });
    this.digests.push(createHash('sha256').update(body).digest('hex'));
    return { n, body };
  }

  /** Takes what came for a call, message by message. */
  take(n: number, messages: readonly string[]): void {
    for (const text of messages) {
      const message = JSON.parse(text);
      if (message.method !== undefined) {
        // What the gateway itself says while a call is held is no message of a server.
        if (!text.includes('Waiting for approval')) this.interims.set(n, (this.interims.get(n) ?? 0) + 1);
      } else if (/"arguments":\{"n":(\d+)/.exec(text)?.[1] === String(n)) this.answered.add(n);
      else if (message.error?.code === -32003 && message.error.message.startsWith('Denied'))
        this.denied.add(n);
    }
  }
}

/**
 * What must hold at any time, asked of the database itself and held against what the servers counted and what clients
 * received. What does not, in words.
 *
 * @param ranCalls numbers of the calls that ran, as the servers wrote them down
 */
export async function look(database: Client, seen: Seen, ranCalls: readonly number[]): Promise<string[]> {
  return [
    ...(await lookAtCalls(database, seen, ranCalls)),
    ...(await lookAtRefusals(database, seen)),
    ...(await lookAtChanges(database, seen)),
    ...(await lookAtApprovals(database)),
    ...(await lookAtSequence(database)),
  ];
}

interface CallRow {
  readonly digest: string;
  readonly endings: string;
  readonly answered: boolean;
  readonly interims: string;
}

async function lookAtCalls(database: Client, seen: Seen, ranCalls: readonly number[]): Promise<string[]> {
  const wrong: string[] = [];
  const { rows } = await database.query<CallRow>(
    `SELECT i.leaf::json #>> '{request,digest}' AS digest,
            count(e.seq) FILTER (WHERE e.kind <> 'call.interim') AS endings,
            coalesce(bool_or(e.leaf LIKE '%"transport":"answered"%'), false) AS answered,
            count(e.seq) FILTER (WHERE e.kind = 'call.interim') AS interims
       FROM audit_entries i
       LEFT JOIN audit_entries e
         ON e.call = i.call AND e.kind IN ('call.outcome', 'call.indeterminate', 'call.interim')
      WHERE i.kind = 'call.intent' AND i.tool IS NOT NULL GROUP BY i.seq, i.leaf`,
  );
  const intents = new Map(rows.map((row) => [row.digest, row]));
  const of = (n: number) => intents.get(seen.digests[n] ?? '');
  if (intents.size !== rows.length) wrong.push('a call has two intents');
  for (const { digest, endings } of rows)
    if (endings !== '1') wrong.push(`call ${seen.digests.indexOf(digest)} has ${endings} endings`);
  if (new Set(ranCalls).size !== ranCalls.length) wrong.push('a call ran twice');
  for (const n of ranCalls) if (of(n) === undefined) wrong.push(`call ${n} ran without an intent`);
  for (const n of seen.answered)
    if (of(n)?.answered !== true)
      wrong.push(`the answer of call ${n} was released without an outcome that says so`);
  for (const [n, count] of seen.interims)
    if (Number(of(n)?.interims ?? 0) < count)
      wrong.push(`${count} messages of call ${n} were released, and fewer are recorded`);
  return wrong;
}

/** Who was told that a call is denied was told what the log says; a denial has no digest of what was asked. */
async function lookAtRefusals(database: Client, seen: Seen): Promise<string[]> {
  const { rows } = await database.query<{ denials: string }>(
    `SELECT count(*) AS denials FROM audit_entries WHERE kind = 'decision.deny' AND tool IS NOT NULL`,
  );
  return Number(rows[0]?.denials) < seen.denied.size
    ? [`${seen.denied.size} calls were denied, and ${rows[0]?.denials} denials are recorded`]
    : [];
}

/** A change that was confirmed was made, and recorded. What is in force beside is what the log says of each document. */
async function lookAtChanges(database: Client, seen: Seen): Promise<string[]> {
  const wrong: string[] = [];
  const { rows: recorded } = await database.query<{ document: string; after: string }>(
    `SELECT leaf::json #>> '{fields,name}' AS document, leaf::json #>> '{fields,after}' AS after
       FROM audit_entries WHERE kind = 'config.change'`,
  );
  const digests = new Set(recorded.map(({ document, after }) => `${document} ${after}`));
  const { rows: documents } = await database.query<{ name: string; spec: string; digest: string }>(
    'SELECT name, spec::text AS spec, digest FROM documents',
  );
  for (const { name, digest } of documents)
    if (!digests.has(`${name} ${digest}`)) wrong.push(`the document ${name} is in force and not recorded`);
  for (const [name, mark] of seen.changes)
    if (documents.find((each) => each.name === name)?.spec.includes(mark) !== true)
      wrong.push(`the change of ${name} was confirmed, and something else is in force`);
  return wrong;
}

/** A held call ran by an approval that was recorded before its intent, for one call only. */
async function lookAtApprovals(database: Client): Promise<string[]> {
  const { rows } = await database.query<{
    approval: string;
    intents: string;
    first: string;
    decided: string;
  }>(
    `SELECT i.approval, count(*) AS intents, min(i.seq) AS first, min(d.seq) AS decided
       FROM (SELECT seq, leaf::json ->> 'approval' AS approval FROM audit_entries WHERE kind = 'call.intent') i
       LEFT JOIN (SELECT min(seq) AS seq, leaf::json ->> 'approval' AS approval
                    FROM audit_entries WHERE kind = 'approval.decided' GROUP BY 2) d USING (approval)
      WHERE i.approval IS NOT NULL GROUP BY 1`,
  );
  return rows
    .filter(({ intents, first, decided }) => intents !== '1' || !(Number(decided ?? 'none') < Number(first)))
    .map(({ approval }) => `approval ${approval} was used twice, or before it was given`);
}

async function lookAtSequence(database: Client): Promise<string[]> {
  const { rows } = await database.query<{ dense: boolean; open: string }>(
    `SELECT count(*) = max(seq) + 1 AND min(seq) = 0 AS dense,
            count(*) FILTER (WHERE kind = 'call.intent')
              - count(*) FILTER (WHERE kind IN ('call.outcome', 'call.indeterminate')) AS open
       FROM audit_entries`,
  );
  return [
    ...(rows[0]?.dense === true ? [] : ['the log has a gap']),
    ...(rows[0]?.open === '0' ? [] : [`${rows[0]?.open} more intents than endings`]),
  ];
}

/** Compares receipts, exports the log with the program, and verifies it offline with the other program. */
export async function verify(programs: Programs, folder: string): Promise<string[]> {
  const env = { ...process.env, SALLYPORT_URL: programs.url, SALLYPORT_TOKEN: programs.adminToken };
  const gateway = join(ROOT, 'packages/gateway/bin/sallyport-gateway.js');
  try {
    await run(process.execPath, [gateway, 'audit', 'reconcile', 'programs'], { env });
    await run(process.execPath, [gateway, 'audit', 'export', '--out', folder], { env });
    await run(process.execPath, [join(ROOT, 'packages/shared/bin/sallyport-verify.js'), folder]);
    return [];
  } catch (thrown) {
    return [`the log is not proven: ${thrown instanceof Error ? thrown.message : String(thrown)}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
