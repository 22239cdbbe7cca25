import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type ApiClient, segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { FOLLOW_INTERVAL_MS } from '../limits.ts';
import { say, sayJson, sayTable } from '../output.ts';

interface ApprovalAnswer {
  id: string;
  kind: string;
  state: string;
  digest: string;
  requester: { name: string };
  server: string;
  tool?: string;
  method: string;
  grant?: string;
  needs: string[];
  policies: string[];
  requestedAt: string;
  expiresAt: string;
  validUntil?: string;
  endReason?: string;
  votes: { by: string; seat: string; effect: string; method: string; reason?: string; at: string }[];
  breakGlass?: { by: string; reviewUntil: string; reviewedBy?: string };
}

interface SubjectAnswer {
  arguments: string;
  codesLeftOut: boolean;
  risk?: unknown;
  definition?: string;
  last?: { approval: string; differences: { path: string; before?: string; after?: string }[] };
}

interface Decide extends JsonOption {
  digest?: string;
  reason?: string;
  breakGlass?: boolean;
}

/** `approval`: held calls and requests for access. */
export function addApprovalCommands(program: Command): void {
  const approvals = program
    .command('approval')
    .summary('look at held calls and requests for access, and decide on them')
    .addHelpText('after', example('approval list --watch', 'approval approve apr_0123456789ABCDEFGHJK'));
  addReading(approvals);
  addDeciding(approvals);
  approvals
    .command('withdraw <id>')
    .summary('take your own request back')
    .option(...JSON_OPTION)
    .action(async (id: string, options: JsonOption, command: Command) =>
      told(options, await connect(command).post<ApprovalAnswer>(`/approvals/${segment(id)}/withdraw`)),
    );
  approvals
    .command('review <id>')
    .summary('review a call that was approved by breaking glass')
    .requiredOption('--note <text>', 'what you found')
    .option(...JSON_OPTION)
    .action(async (id: string, options: JsonOption & { note: string }, command: Command) => {
      const body = { note: options.note };
      told(options, await connect(command).post<ApprovalAnswer>(`/approvals/${segment(id)}/review`, body));
    });
}

function addReading(approvals: Command): void {
  approvals
    .command('list')
    .summary('list approvals, newest first')
    .option('--state <state>', 'pending, approved, denied, expired, withdrawn, superseded or used')
    .option('--requester <name>', 'asked for by one principal')
    .option('--server <name>', 'on one server')
    .option('--unreviewed', 'approved by breaking glass, and not reviewed yet')
    .option('--watch', 'go on, and print each that is new or changes')
    .option(...JSON_OPTION)
    .addHelpText('after', example('approval list --state pending', 'approval list --watch --json'))
    .action(
      async (
        options: JsonOption & { watch?: boolean; unreviewed?: boolean } & Record<string, string | undefined>,
        command: Command,
      ) => {
        const { json, watch, unreviewed, ...rest } = options;
        const query = { ...rest, ...(unreviewed === true ? { unreviewed: 'true' } : {}) };
        const client = connect(command);
        if (watch === true) return watchList(client, query, json === true);
        const found = await client.all<ApprovalAnswer>('/approvals', query);
        if (json) return sayJson(found);
        sayTable(
          ['ID', 'STATE', 'REQUESTER', 'WHAT', 'UNTIL', 'VOTES', 'NEEDS'],
          found.map((each) => [
            each.id,
            each.state,
            each.requester.name,
            whatOf(each),
            each.validUntil ?? each.expiresAt,
            String(each.votes.length),
            each.needs.join('; '),
          ]),
          'There are no approvals.',
        );
      },
    );
  approvals
    .command('show <id>')
    .summary(
      'show one, with exactly what would be sent where you may decide on it; that you looked is recorded',
    )
    .option('--watch', 'go on until it is decided')
    .option(...JSON_OPTION)
    .addHelpText('after', example('approval show apr_0123456789ABCDEFGHJK'))
    .action(async (id: string, options: JsonOption & { watch?: boolean }, command: Command) => {
      const client = connect(command);
      const path = `/approvals/${segment(id)}`;
      let approval = await client.get<ApprovalAnswer>(path);
      // Who asked, and who only oversees, is not shown the arguments.
      const subject = await client.get<SubjectAnswer>(`${path}/subject`).catch(() => undefined);
      if (options.json) sayJson({ ...approval, ...(subject === undefined ? {} : { subject }) });
      else describe(approval, subject);
      while (options.watch === true && approval.state === 'pending') {
        await sleep(FOLLOW_INTERVAL_MS);
        const before = approval;
        approval = await client.get<ApprovalAnswer>(path);
        if (before.state === approval.state && before.votes.length === approval.votes.length) continue;
        if (options.json) sayJson(approval);
        else say(line(approval));
      }
    });
}

function addDeciding(approvals: Command): void {
  approvals
    .command('approve <id>')
    .summary('approve it')
    .option('--digest <digest>', 'of what you saw; without it, of what it is now')
    .option('--reason <text>', 'why, for the record')
    .option('--break-glass', 'alone, in an emergency; needs a reason and is reviewed afterwards')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example('approval approve apr_0123456789ABCDEFGHJK --reason "checked with treasury"'),
    )
    .action(async (id: string, options: Decide, command: Command) => decide('approve', id, options, command));
  approvals
    .command('deny <id>')
    .summary('deny it; who asked is told the reason')
    .requiredOption('--reason <text>', 'why')
    .option('--digest <digest>', 'of what you saw; without it, of what it is now')
    .option(...JSON_OPTION)
    .addHelpText('after', example('approval deny apr_0123456789ABCDEFGHJK --reason "wrong account"'))
    .action(async (id: string, options: Decide, command: Command) => decide('deny', id, options, command));
}

async function decide(
  effect: 'approve' | 'deny',
  id: string,
  { digest, reason, breakGlass, json }: Decide,
  command: Command,
): Promise<void> {
  const client = connect(command);
  const path = `/approvals/${segment(id)}`;
  const seen = digest ?? (await client.get<ApprovalAnswer>(path)).digest;
  told(
    json === undefined ? {} : { json },
    await client.post<ApprovalAnswer>(`${path}/${effect}`, { digest: seen, reason, breakGlass }),
  );
}

/** Prints each approval once as it is, and again whenever it has changed, until interrupted. */
async function watchList(
  client: ApiClient,
  query: Record<string, string | undefined>,
  json: boolean,
): Promise<void> {
  const seen = new Map<string, string>();
  for (;;) {
    const found = await client.all<ApprovalAnswer>('/approvals', query);
    for (const each of found.reverse()) {
      const stands = `${each.state} ${each.votes.length}`;
      if (seen.get(each.id) === stands) continue;
      seen.set(each.id, stands);
      if (json) sayJson(each);
      else say(line(each));
    }
    await sleep(FOLLOW_INTERVAL_MS);
  }
}

function told({ json }: JsonOption, approval: ApprovalAnswer): void {
  if (json) sayJson(approval);
  else say(line(approval));
}

function line(approval: ApprovalAnswer): string {
  const { id, state, requester, votes, validUntil, expiresAt, endReason } = approval;
  const who = votes
    .map(({ by, effect }) => `${by} ${effect === 'approve' ? 'approved' : 'denied'}`)
    .join(', ');
  const when =
    state === 'pending' ? `until ${expiresAt}` : state === 'approved' ? `usable until ${validUntil}` : '';
  return [`${id}: ${state}`, `${whatOf(approval)} for ${requester.name}`, who, when, endReason ?? '']
    .filter((part) => part !== '')
    .join('; ');
}

function whatOf({ kind, server, tool, method, grant }: ApprovalAnswer): string {
  if (kind === 'grant') return `access to ${server} (${grant})`;
  return tool === undefined ? `${method} on ${server}` : `${tool} on ${server}`;
}

function describe(approval: ApprovalAnswer, subject: SubjectAnswer | undefined): void {
  say(line(approval));
  say(`  asked ${approval.requestedAt}, needs ${approval.needs.join('; ')}`);
  if (approval.policies.length > 0) say(`  policies that ask: ${approval.policies.join(', ')}`);
  say(`  digest ${approval.digest}`);
  for (const { by, seat, effect, method, reason, at } of approval.votes) {
    say(
      `  ${at} ${by}${seat === by ? '' : ` for ${seat}`}: ${effect} (${method})${reason === undefined ? '' : `: ${reason}`}`,
    );
  }
  const { breakGlass } = approval;
  if (breakGlass !== undefined) {
    say(
      breakGlass.reviewedBy === undefined
        ? `  approved by breaking glass (${breakGlass.by}); to be reviewed by ${breakGlass.reviewUntil}`
        : `  approved by breaking glass (${breakGlass.by}); reviewed by ${breakGlass.reviewedBy}`,
    );
  }
  if (subject === undefined) return;
  say(
    `\nWhat would be sent${subject.codesLeftOut ? ' (card security codes left out)' : ''}:\n${subject.arguments}`,
  );
  if (subject.risk !== undefined)
    say(`\nRisk, as the gateway reads it:\n${JSON.stringify(subject.risk, null, 2)}`);
  if (subject.definition !== undefined) say(`\nThe tool, as pinned:\n${subject.definition}`);
  if (subject.last === undefined) return;
  const { approval: last, differences } = subject.last;
  say(`\nDifferent from the requester's last approved call (${last}):`);
  for (const { path, before, after } of differences)
    say(`  ${path}: ${before ?? '(not there)'} → ${after ?? '(not there)'}`);
  if (differences.length === 0) say('  nothing');
}
