import type { Command } from 'commander';
import { type ApiClient, segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';

interface ToolAnswer {
  server: string;
  tool: string;
  state: string;
  seen?: string;
  pinned?: string;
  changedAt: string;
  decidedBy?: string;
  decidedAt?: string;
  reason?: string;
  marks: { kind: string; path: string; quote: string }[];
}

interface ShownTool extends ToolAnswer {
  definition: string;
  differences: { path: string; before?: string; after?: string }[];
  policyWarnings: string[];
}

interface DecideOptions extends JsonOption {
  reason: string;
  digest?: string;
}

/** `tool`: what tools servers define, and the review of their definitions. */
export function addToolCommands(program: Command): void {
  const tools = program
    .command('tool')
    .summary('list, show, pin and reject the definitions of tools')
    .addHelpText('after', example('tool list --state awaiting-review'));
  tools
    .command('list')
    .summary('list tools, and whether their definitions were reviewed')
    .option('--server <name>', 'of one server')
    .option('--state <state>', 'pinned, awaiting-review, changed, rejected or gone')
    .option(...JSON_OPTION)
    .addHelpText('after', example('tool list --server ledger'))
    .action(async (options: JsonOption & { server?: string; state?: string }, command: Command) => {
      const { json, ...query } = options;
      const found = await connect(command).all<ToolAnswer>('/tools', query);
      if (json) return sayJson(found);
      sayTable(
        ['SERVER', 'TOOL', 'STATE', 'SHOWN', 'PINNED', 'MARKS'],
        found.map((each) => [
          each.server,
          each.tool,
          each.state,
          each.seen?.slice(0, 12) ?? '',
          each.pinned?.slice(0, 12) ?? '',
          [...new Set(each.marks.map(({ kind }) => kind))].join(', '),
        ]),
        'There are no tools.',
      );
    });
  tools
    .command('show <server> <tool>')
    .summary('show a definition, what is suspicious in it, and what has changed since it was pinned')
    .option(...JSON_OPTION)
    .addHelpText('after', example('tool show ledger transfer'))
    .action(async (server: string, tool: string, options: JsonOption, command: Command) => {
      const shown = await connect(command).get<ShownTool>(pathOf(server, tool));
      if (options.json) return sayJson(shown);
      sayTool(shown);
    });
  addDecision(tools, 'pin', 'pin the definition that the server shows: clients see the tool, as policy says');
  addDecision(tools, 'reject', 'reject the definition that the server shows: the tool stays hidden');
  tools
    .command('propose <server> <tool>')
    .summary('propose to pin the definition of a digest, where two people must')
    .requiredOption('--digest <digest>', 'what you saw')
    .requiredOption('--reason <text>', 'why, for the other person and for the record')
    .option(...JSON_OPTION)
    .addHelpText('after', example('tool propose vault read --digest 3f2a… --reason "reviewed, CHG-1042"'))
    .action(
      async (
        server: string,
        tool: string,
        options: JsonOption & { digest: string; reason: string },
        command: Command,
      ) => {
        const { digest, reason } = options;
        const path = `${pathOf(server, tool)}/pin-proposals`;
        const proposed = await connect(command).post<{ id: string }>(path, { digest, reason });
        if (options.json) return sayJson(proposed);
        say(`${proposed.id} is proposed. Another person confirms it: proposal confirm ${proposed.id}`);
      },
    );
  tools
    .command('pin-all <server>')
    .summary('pin all definitions of a server that await a review and have no marks')
    .requiredOption('--reason <text>', 'why, for the record')
    .option(...JSON_OPTION)
    .addHelpText('after', example('tool pin-all ledger --reason "reviewed with the vendor, CHG-1042"'))
    .action(async (server: string, options: JsonOption & { reason: string }, command: Command) => {
      await pinAll(connect(command), server, options);
    });
}

function addDecision(tools: Command, decision: 'pin' | 'reject', summary: string): void {
  tools
    .command(`${decision} <server> <tool>`)
    .summary(summary)
    .requiredOption('--reason <text>', 'why, for the record')
    .option(
      '--digest <digest>',
      'what you saw; without it, what the gateway shows now is printed and decided on',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example(`tool ${decision} ledger transfer --reason "reviewed, CHG-1042"`))
    .action(async (server: string, tool: string, options: DecideOptions, command: Command) => {
      const client = connect(command);
      let { digest } = options;
      if (digest === undefined) {
        const shown = await client.get<ShownTool>(pathOf(server, tool));
        if (!options.json) sayTool(shown);
        if (shown.seen === undefined) throw new Error(`"${server}" does not show "${tool}" now.`);
        digest = shown.seen;
      }
      const done = await client.post<ShownTool>(`${pathOf(server, tool)}/${decision}`, {
        digest,
        reason: options.reason,
      });
      if (options.json) return sayJson(done);
      say(`"${tool}" of "${server}" is ${done.state}.`);
    });
}

async function pinAll(
  client: ApiClient,
  server: string,
  options: JsonOption & { reason: string },
): Promise<void> {
  const waiting = await client.all<ToolAnswer>('/tools', { server, state: 'awaiting-review' });
  const [plain, marked] = [
    waiting.filter(({ marks }) => marks.length === 0),
    waiting.filter(({ marks }) => marks.length > 0),
  ];
  const done: ShownTool[] = [];
  for (const { tool, seen } of plain) {
    if (seen === undefined) continue;
    done.push(
      await client.post<ShownTool>(`${pathOf(server, tool)}/pin`, {
        digest: seen,
        reason: options.reason,
      }),
    );
  }
  if (options.json) return sayJson(done);
  say(`${done.length} tools of "${server}" are pinned.`);
  for (const { tool, marks } of marked) {
    const kinds = [...new Set(marks.map(({ kind }) => kind))].join(', ');
    say(`"${tool}" has marks (${kinds}) and is to be looked at: tool show ${server} ${tool}`);
  }
}

function pathOf(server: string, tool: string): string {
  return `/tools/${segment(server)}/${segment(tool)}`;
}

function sayTool(shown: ShownTool): void {
  say(`"${shown.tool}" of "${shown.server}": ${shown.state}`);
  say(`  shown:  ${shown.seen ?? 'nothing'}`);
  say(`  pinned: ${shown.pinned ?? 'nothing'}`);
  if (shown.decidedBy !== undefined)
    say(`  last decision: ${shown.decidedBy} at ${shown.decidedAt}: ${shown.reason ?? ''}`);
  for (const { kind, path, quote } of shown.marks) say(`  mark: ${kind} at ${path}: ${quote}`);
  if (shown.differences.length > 0) say('What has changed since it was pinned:');
  for (const { path, before, after } of shown.differences) {
    say(`  ${path}`);
    if (before !== undefined) say(`    - ${before}`);
    if (after !== undefined) say(`    + ${after}`);
  }
  if (shown.policyWarnings.length > 0) say('Policies in force that do not fit this definition:');
  for (const warning of shown.policyWarnings) say(`  ${warning}`);
  say(shown.definition);
}
