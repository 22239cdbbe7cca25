import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';

export interface ProposalAnswer {
  id: string;
  kind: string;
  state: string;
  payload: unknown;
  digest: string;
  reason: string;
  proposedBy: { name: string };
  proposedAt: string;
  expiresAt: string;
  decidedBy?: string;
  outcome?: string;
}

/** `proposal`: changes that need a second person. */
export function addProposalCommands(program: Command): void {
  const proposals = program
    .command('proposal')
    .summary('look at, confirm and refuse changes that need a second person')
    .addHelpText('after', example('proposal list --state proposed'));
  proposals
    .command('list')
    .summary('list them, newest first')
    .option('--state <state>', 'proposed, confirmed, executed, refused, expired or failed')
    .option('--kind <kind>', 'such as shred')
    .option(...JSON_OPTION)
    .action(async (options: JsonOption & { state?: string; kind?: string }, command: Command) => {
      const { json, ...query } = options;
      const found = await connect(command).all<ProposalAnswer>('/proposals', query);
      if (json) return sayJson(found);
      sayTable(
        ['ID', 'STATE', 'KIND', 'PROPOSED BY', 'AT', 'RUNS OUT', 'REASON'],
        found.map((each) => [
          each.id,
          each.state,
          each.kind,
          each.proposedBy.name,
          each.proposedAt,
          each.expiresAt,
          each.reason,
        ]),
        'There are no proposals.',
      );
    });
  proposals
    .command('show <id>')
    .summary('show exactly what would be done')
    .option(...JSON_OPTION)
    .action(async (id: string, options: JsonOption, command: Command) => {
      const proposal = await connect(command).get<ProposalAnswer>(`/proposals/${segment(id)}`);
      if (options.json) return sayJson(proposal);
      sayProposal(proposal);
    });
  proposals
    .command('confirm <id>')
    .summary('be the second person; it is carried out at once')
    .option(
      '--digest <digest>',
      'what you saw; without it, what the gateway shows now is printed and confirmed',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example('proposal confirm prp_0123456789ABCDEFGHJK'))
    .action(async (id: string, options: JsonOption & { digest?: string }, command: Command) => {
      const client = connect(command);
      const shown = await client.get<ProposalAnswer>(`/proposals/${segment(id)}`);
      if (!options.json) sayProposal(shown);
      const digest = options.digest ?? shown.digest;
      const done = await client.post<ProposalAnswer>(`/proposals/${segment(id)}/confirm`, { digest });
      if (options.json) return sayJson(done);
      say(`${id} is ${done.state}${done.outcome === undefined ? '' : `: ${done.outcome}`}.`);
    });
  proposals
    .command('refuse <id>')
    .summary('refuse it, or take your own back')
    .requiredOption('--reason <text>', 'why, for the record')
    .option(...JSON_OPTION)
    .action(async (id: string, options: JsonOption & { reason: string }, command: Command) => {
      const { reason } = options;
      const done = await connect(command).post<ProposalAnswer>(`/proposals/${segment(id)}/refuse`, {
        reason,
      });
      if (options.json) return sayJson(done);
      say(`${id} is ${done.state}.`);
    });
}

/** What a second person must see before they confirm. */
export function sayProposal(proposal: ProposalAnswer): void {
  say(`${proposal.id}: ${proposal.kind}, ${proposal.state}`);
  say(`  proposed by ${proposal.proposedBy.name} at ${proposal.proposedAt}, runs out ${proposal.expiresAt}`);
  say(`  reason: ${proposal.reason}`);
  say(`  exactly: ${JSON.stringify(proposal.payload)}`);
  say(`  digest: ${proposal.digest}`);
}
