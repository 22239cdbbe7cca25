import { type Command, InvalidArgumentError } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { readDuration } from '../duration.ts';
import { say, sayJson, sayTable } from '../output.ts';

interface GrantAnswer {
  id: string;
  state: string;
  principal: { name: string };
  server: string;
  tools: string[];
  argumentLimits: { argument: string }[];
  reason: string;
  ticket?: string;
  minutes: number;
  uses: number;
  usesMax?: number;
  approval?: string;
  expiresAt?: string;
  endReason?: string;
}

interface Terms {
  tool?: string[];
  limit?: ArgumentLimit[];
  for?: number;
  uses?: number;
}

interface ArgumentLimit {
  argument: string;
  max?: string;
  min?: string;
  oneOf?: string[];
}

/** `grant`: just-in-time access. */
export function addGrantCommands(program: Command): void {
  const grants = program
    .command('grant')
    .summary('ask for access for a limited time, and list, narrow and end it')
    .addHelpText('after', example('grant request --server ledger --reason "month-end correction" --for 1h'));
  withTerms(grants.command('request').summary('ask for access for yourself'))
    .requiredOption('--server <name>', 'the server')
    .requiredOption('--reason <text>', 'why, for who decides and for the record')
    .option('--ticket <number>', 'the ticket it belongs to')
    .action(
      async (
        options: Terms & JsonOption & { server: string; reason: string; ticket?: string },
        command: Command,
      ) => {
        const { server, reason, ticket } = options;
        const grant = await connect(command).post<GrantAnswer>('/grants', {
          server,
          reason,
          ticket,
          ...bodyOf(options),
        });
        if (options.json) return sayJson(grant);
        say(describe(grant));
      },
    );
  grants
    .command('list')
    .summary('list grants, newest first')
    .option('--state <state>', 'requested, active, refused, withdrawn, expired, revoked or used_up')
    .option('--principal <name>', 'of one principal')
    .option('--server <name>', 'on one server')
    .option(...JSON_OPTION)
    .addHelpText('after', example('grant list --state active'))
    .action(
      async (
        options: JsonOption & { state?: string; principal?: string; server?: string },
        command: Command,
      ) => {
        const { json, ...query } = options;
        const found = await connect(command).all<GrantAnswer>('/grants', query);
        if (json) return sayJson(found);
        sayTable(
          ['ID', 'STATE', 'PRINCIPAL', 'SERVER', 'TOOLS', 'UNTIL', 'USES', 'TICKET'],
          found.map((grant) => [
            grant.id,
            grant.state,
            grant.principal.name,
            grant.server,
            toolsOf(grant),
            grant.expiresAt ?? '',
            grant.usesMax === undefined ? String(grant.uses) : `${grant.uses} of ${grant.usesMax}`,
            grant.ticket ?? '',
          ]),
          'There are no grants.',
        );
      },
    );
  grants
    .command('show <id>')
    .summary('show one grant')
    .option(...JSON_OPTION)
    .addHelpText('after', example('grant show grt_0123456789ABCDEFGHJK'))
    .action(async (id: string, options: JsonOption, command: Command) => {
      const grant = await connect(command).get<GrantAnswer>(`/grants/${segment(id)}`);
      if (options.json) return sayJson(grant);
      say(describe(grant));
    });
  withTerms(grants.command('narrow <id>').summary('narrow a request before it is granted')).action(
    async (id: string, options: Terms & JsonOption, command: Command) => {
      const grant = await connect(command).patch<GrantAnswer>(`/grants/${segment(id)}`, bodyOf(options));
      if (options.json) return sayJson(grant);
      say(describe(grant));
    },
  );
  grants
    .command('revoke <id>')
    .summary('end a grant at once, or take a request back')
    .option('--reason <text>', 'why, for the record')
    .option(...JSON_OPTION)
    .addHelpText('after', example('grant revoke grt_0123456789ABCDEFGHJK --reason "done"'))
    .action(async (id: string, options: JsonOption & { reason?: string }, command: Command) => {
      const grant = await connect(command).delete<GrantAnswer>(`/grants/${segment(id)}`, {
        reason: options.reason,
      });
      if (options.json) return sayJson(grant);
      say(`${id} is ${grant.state}. What ran under it has been ended.`);
    });
  addReviewCommands(grants);
}

function addReviewCommands(grants: Command): void {
  const reviews = grants
    .command('reviews')
    .summary('recertify memberships')
    .addHelpText('after', example('grant reviews list --overdue'));
  reviews
    .command('list')
    .summary('list memberships with when they are to be reviewed')
    .option('--overdue', 'only those that are overdue')
    .option(...JSON_OPTION)
    .action(async (options: JsonOption & { overdue?: boolean }, command: Command) => {
      const query = options.overdue ? { overdue: 'true' } : {};
      const found = await connect(command).all<{
        account: string;
        membership: string;
        dueAt: string;
        overdue: boolean;
        lastUsedAt?: string;
      }>('/access-reviews', query);
      if (options.json) return sayJson(found);
      sayTable(
        ['ACCOUNT', 'MEMBERSHIP', 'DUE', 'LAST USED'],
        found.map((each) => [
          each.account,
          each.membership,
          `${each.dueAt}${each.overdue ? ' overdue' : ''}`,
          each.lastUsedAt ?? 'never',
        ]),
        'There is nothing to review.',
      );
    });
  reviews
    .command('decide <account> <membership> <decision>')
    .summary('keep or remove a membership, as group:engineers')
    .requiredOption('--reason <text>', 'why, for the record')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example('grant reviews decide robot group:engineers keep --reason "still on the team"'),
    )
    .action(
      async (
        account: string,
        membership: string,
        decision: string,
        options: JsonOption & { reason: string },
        command: Command,
      ) => {
        const { reason } = options;
        const answer = await connect(command).post('/access-reviews', {
          account,
          membership,
          decision,
          reason,
        });
        if (options.json) return sayJson(answer);
        say(`${membership} of ${account}: ${decision}.`);
      },
    );
}

function withTerms(command: Command): Command {
  return command
    .option('--tool <name...>', 'only these tools')
    .option(
      '--limit <limit...>',
      'amount<=500, amount>=1 or currency=EUR,USD',
      (text: string, before: ArgumentLimit[] = []) => [...before, readLimit(text)],
    )
    .option('--for <duration>', 'how long: 30m, 8h', readDuration)
    .option('--uses <n>', 'at most so many calls', Number)
    .option(...JSON_OPTION);
}

function readLimit(text: string): ArgumentLimit {
  const [, argument, operator, value] = /^([^<>=]+)(<=|>=|=)(.+)$/.exec(text) ?? [];
  if (argument === undefined || value === undefined) {
    throw new InvalidArgumentError('Write a limit as amount<=500, amount>=1 or currency=EUR,USD.');
  }
  if (operator === '<=') return { argument, max: value };
  return operator === '>=' ? { argument, min: value } : { argument, oneOf: value.split(',') };
}

function bodyOf(options: Terms): object {
  return {
    tools: options.tool,
    argumentLimits: options.limit,
    uses: options.uses,
    ...(options.for === undefined ? {} : { minutes: Math.max(1, Math.round(options.for / 60)) }),
  };
}

function toolsOf(grant: GrantAnswer): string {
  return grant.tools.length === 0 ? 'all' : grant.tools.join(', ');
}

function describe(grant: GrantAnswer): string {
  const limits =
    grant.argumentLimits.length === 0
      ? ''
      : `, limits on ${grant.argumentLimits.map(({ argument }) => argument).join(', ')}`;
  const until =
    grant.expiresAt === undefined ? `${grant.minutes} minutes once granted` : `until ${grant.expiresAt}`;
  const waits = grant.state === 'requested' ? ` Waits for the approval ${grant.approval ?? ''}.` : '';
  const ended = grant.endReason === undefined ? '' : ` Ended: ${grant.endReason}.`;
  return `${grant.id} is ${grant.state}: ${grant.principal.name} on ${grant.server}, ${toolsOf(grant)}${limits}, ${until}.${waits}${ended}`;
}
