import type { Command } from 'commander';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';
import { type ProposalAnswer, sayProposal } from './proposals.ts';

interface ScopeOptions extends JsonOption {
  reason: string;
  from: number;
  until: number;
  principal?: string;
  server?: string;
  session?: string;
}

/** Below `audit`: sealed originals, legal holds, shredding. */
export function addAuditRecordCommands(audit: Command): void {
  audit
    .command('unmask <seq>')
    .summary('open the sealed original of a request (role custodian)')
    .requiredOption('--reason <text>', 'why; recorded before anything is opened')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit unmask 4182 --reason "fraud case 77, ordered by legal"'))
    .action(async (seq: string, options: JsonOption & { reason: string }, command: Command) => {
      const answer = await connect(command).post<{ original: string }>(
        `/audit/entries/${Number(seq)}/unmask`,
        {
          reason: options.reason,
        },
      );
      if (options.json) return sayJson(answer);
      say(answer.original);
    });
  const holds = audit
    .command('hold')
    .summary('legal holds; placing and releasing need a second person')
    .addHelpText(
      'after',
      example('audit hold place --from 0 --until 500 --principal robot --reason "case 77"'),
    );
  holds
    .command('list')
    .summary('list holds')
    .option(...JSON_OPTION)
    .action(async (options: JsonOption, command: Command) => {
      const { items } = await connect(command).get<{ items: HoldAnswer[] }>('/audit/holds');
      if (options.json) return sayJson(items);
      sayTable(
        ['ID', 'ENTRIES', 'ONLY', 'PLACED', 'BY', 'RELEASED', 'REASON'],
        items.map(({ id, scope, placedAt, placedBy, releasedAt, reason }) => [
          id,
          `${scope.from} to ${scope.until - 1}`,
          [scope.principal, scope.server, scope.session].filter((part) => part !== undefined).join(' '),
          placedAt,
          placedBy,
          releasedAt ?? '',
          reason,
        ]),
        'There are no legal holds.',
      );
    });
  withScope(holds.command('place').summary('propose a hold')).action(
    (options: ScopeOptions, command: Command) => propose(command, '/audit/holds', scopeOf(options), options),
  );
  holds
    .command('release <id>')
    .summary('propose to release a hold')
    .requiredOption('--reason <text>', 'why')
    .option(...JSON_OPTION)
    .action((id: string, options: JsonOption & { reason: string }, command: Command) =>
      propose(command, '/audit/hold-releases', { hold: id }, options),
    );
  withScope(
    audit
      .command('shred')
      .summary('propose to make originals and bodies unreadable for ever; the entries still verify')
      .addHelpText(
        'after',
        example('audit shred --from 0 --until 500 --principal robot --reason "erasure request 12"'),
      ),
  ).action((options: ScopeOptions, command: Command) =>
    propose(command, '/audit/shreds', scopeOf(options), options),
  );
}

interface HoldAnswer {
  id: string;
  scope: { from: number; until: number; principal?: string; server?: string; session?: string };
  reason: string;
  placedAt: string;
  placedBy: string;
  releasedAt?: string;
}

function withScope(command: Command): Command {
  return command
    .requiredOption('--from <seq>', 'first entry', Number)
    .requiredOption('--until <seq>', 'up to but without this entry', Number)
    .requiredOption('--reason <text>', 'why, for the second person and the record')
    .option('--principal <name>', 'only entries of this principal')
    .option('--server <name>', 'only entries of this server')
    .option('--session <id>', 'only entries of this session')
    .option(...JSON_OPTION);
}

function scopeOf({ from, until, principal, server, session }: ScopeOptions): object {
  return { from, until, principal, server, session };
}

async function propose(
  command: Command,
  path: string,
  payload: object,
  options: JsonOption & { reason: string },
): Promise<void> {
  const proposal = await connect(command).post<ProposalAnswer>(path, { payload, reason: options.reason });
  if (options.json) return sayJson(proposal);
  sayProposal(proposal);
  say(
    `Nothing has happened yet. Somebody else confirms it: sallyport-gateway proposal confirm ${proposal.id}`,
  );
}
