import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';
import { type ApplyAnswer, sayChanges, sayWarnings } from './apply.ts';

interface DocumentAnswer {
  kind: string;
  name: string;
  spec: Record<string, unknown>;
  digest: string;
  updatedAt: string;
  updatedBy: string;
}

/** `documents`: what is in force. */
export function addDocumentCommands(program: Command): void {
  const documents = program
    .command('documents')
    .summary('list, show and delete configuration documents')
    .addHelpText('after', example('documents list'));
  documents
    .command('list')
    .summary('list documents')
    .option('--kind <kind>', 'only this kind, such as Server or Policy')
    .option(...JSON_OPTION)
    .addHelpText('after', example('documents list --kind Policy'))
    .action(async (options: JsonOption & { kind?: string }, command: Command) => {
      const found = await connect(command).all<DocumentAnswer>('/documents', { kind: options.kind });
      if (options.json) return sayJson(found);
      sayTable(
        ['KIND', 'NAME', 'CHANGED', 'BY'],
        found.map((document) => [document.kind, document.name, document.updatedAt, document.updatedBy]),
        'There are no documents.',
      );
    });
  documents
    .command('show <kind> <name>')
    .summary('show a document as YAML')
    .option(...JSON_OPTION)
    .addHelpText('after', example('documents show Server everything'))
    .action(async (kind: string, name: string, options: JsonOption, command: Command) => {
      const document = await connect(command).get<DocumentAnswer>(
        `/documents/${segment(kind)}/${segment(name)}`,
      );
      if (options.json) return sayJson(document);
      const { stringify } = await import('yaml');
      say(stringify({ kind: document.kind, name: document.name, ...document.spec }).trimEnd());
    });
  documents
    .command('delete <kind> <name>')
    .summary('delete a document')
    .option(...JSON_OPTION)
    .addHelpText('after', example('documents delete Policy engineers-use-everything'))
    .action(async (kind: string, name: string, options: JsonOption, command: Command) => {
      const answer = await connect(command).delete<ApplyAnswer>(
        `/documents/${segment(kind)}/${segment(name)}`,
      );
      if (options.json) sayJson(answer);
      else sayChanges(answer);
      sayWarnings(answer);
    });
}
