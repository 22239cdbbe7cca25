import type { Command } from 'commander';
import { CliError, documentProblemLine } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { readInput } from '../files.ts';
import { complain, say, sayJson } from '../output.ts';

/** As in the API's `ApplyAnswer`. */
export interface ApplyAnswer {
  version: number;
  dryRun: boolean;
  changes: {
    kind: string;
    name: string;
    effect: 'create' | 'update' | 'unchanged' | 'delete';
    diff: string;
  }[];
  problems: { kind: string; name: string; place?: string; path: string; message: string }[];
  warnings: ApplyAnswer['problems'];
  hints: string[];
}

/** `apply`: configuration as code. */
export function addApplyCommand(program: Command): void {
  program
    .command('apply')
    .summary('put documents in force, all or none')
    .description(
      'Checks all documents of the files, then puts them in force together. Documents that are not named stay.',
    )
    .requiredOption('-f, --file <file...>', 'YAML files; "-" is the standard input')
    .option('--dry-run', 'check and show the differences; change nothing')
    .option(...JSON_OPTION)
    .addHelpText('after', example('apply -f servers.yaml -f policies.yaml --dry-run'))
    .action(async (options: JsonOption & { file: string[]; dryRun?: boolean }, command: Command) => {
      const files = await Promise.all(
        options.file.map(async (path) => ({
          name: path === '-' ? 'standard input' : path,
          yaml: await readInput(path),
        })),
      );
      const answer = await connect(command).post<ApplyAnswer>('/apply', {
        files,
        dryRun: options.dryRun === true,
      });
      if (options.json) sayJson(answer);
      else sayChanges(answer);
      sayWarnings(answer);
      if (answer.problems.length > 0) {
        throw new CliError(
          [
            'the documents have problems; nothing was changed:',
            ...answer.problems.map(documentProblemLine),
          ].join('\n  '),
        );
      }
    });
}

const DONE = { create: 'created', update: 'updated', delete: 'deleted', unchanged: 'unchanged' };
const WOULD = {
  create: 'would create',
  update: 'would update',
  delete: 'would delete',
  unchanged: 'unchanged',
};

/** To standard error, so that they are seen where the output is read by a script. */
export function sayWarnings({ warnings }: Pick<ApplyAnswer, 'warnings'>): void {
  for (const warning of warnings) complain(`warning: ${documentProblemLine(warning)}`);
}

export function sayChanges(answer: ApplyAnswer): void {
  for (const change of answer.changes) {
    say(`${(answer.dryRun ? WOULD : DONE)[change.effect]} ${change.kind}/${change.name}`);
    if (answer.dryRun && change.diff !== '') say(change.diff.trimEnd());
  }
  if (answer.changes.length === 0 && answer.problems.length === 0) say('The files have no documents.');
  else if (!answer.dryRun) say(`The documents are at version ${answer.version}.`);
  for (const hint of answer.hints) say(`hint: ${hint}`);
}
