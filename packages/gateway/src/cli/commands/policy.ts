import { type Command, Option } from 'commander';
import { type ApiClient, CliError, documentProblemLine } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { readInput } from '../files.ts';
import { complain, say, sayJson } from '../output.ts';
import type { ApplyAnswer } from './apply.ts';

interface DecideOptions extends JsonOption {
  principal: string;
  kind: string;
  group?: string[];
  action: string;
  server: string;
  tool?: string;
  resource?: string;
  prompt?: string;
  arguments?: unknown;
}

interface CedarProblem {
  message: string;
  line?: number;
  column?: number;
  help?: string;
}

/** `policy`: trying out policies. */
export function addPolicyCommands(program: Command): void {
  const policy = program
    .command('policy')
    .summary('check policies and ask what they decide')
    .addHelpText('after', example('policy check -f policies.yaml'));
  policy
    .command('check')
    .summary('check policy files without putting them in force')
    .description(
      'Checks files of Cedar text, or of YAML documents (.yaml, .yml), without putting them in force.',
    )
    .requiredOption('-f, --file <file...>', 'files; "-" is Cedar text from the standard input')
    .option(...JSON_OPTION)
    .addHelpText('after', example('policy check -f engineers.cedar', 'policy check -f policies.yaml'))
    .action(async (options: JsonOption & { file: string[] }, command: Command) => {
      const client = connect(command);
      const lines: string[] = [];
      const warnings: string[] = [];
      for (const file of options.file) {
        const checked = await checkFile(client, file);
        lines.push(...checked.problems);
        warnings.push(...checked.warnings);
      }
      for (const warning of warnings) complain(`warning: ${warning}`);
      if (options.json) sayJson({ problems: lines, warnings });
      else if (lines.length === 0) say('No problems.');
      if (lines.length > 0) throw new CliError(['the policies have problems:', ...lines].join('\n  '));
    });
  policy
    .command('schema')
    .summary('print the Cedar schema, with the types of arguments of pinned tools, for an editor')
    .option('--server <name>', 'of the tools of one server')
    .option('--tool <name>', 'of one tool: `context.arguments` then has exactly its type')
    .option(...JSON_OPTION)
    .addHelpText('after', example('policy schema --server ledger --tool transfer > transfer.cedarschema'))
    .action(async (options: JsonOption & { server?: string; tool?: string }, command: Command) => {
      const { json, ...query } = options;
      const answer = await connect(command).get<{ schema: string }>('/policies/schema', query);
      if (json) sayJson(answer);
      else say(answer.schema.trim());
    });
  addDecide(policy);
}

async function checkFile(
  client: ApiClient,
  file: string,
): Promise<{ problems: string[]; warnings: string[] }> {
  const text = await readInput(file);
  if (/\.ya?ml$/.test(file)) {
    const answer = await client.post<ApplyAnswer>('/apply', {
      files: [{ name: file, yaml: text }],
      dryRun: true,
    });
    return {
      problems: answer.problems.map(documentProblemLine),
      warnings: answer.warnings.map(documentProblemLine),
    };
  }
  const { problems, warnings } = await client.post<{ problems: CedarProblem[]; warnings: CedarProblem[] }>(
    '/policies/check',
    { cedar: text },
  );
  const lineOf = ({ message, line, column, help }: CedarProblem): string => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    return `${place}: ${message}${help === undefined ? '' : ` (${help})`}`;
  };
  return { problems: problems.map(lineOf), warnings: warnings.map(lineOf) };
}

function addDecide(policy: Command): void {
  policy
    .command('decide')
    .summary('say what the policies in force decide, and why')
    .requiredOption('--principal <name>', 'who: a service account or user')
    .addOption(
      new Option('--kind <kind>', 'kind of the principal')
        .choices(['service-account', 'user'])
        .default('service-account'),
    )
    .option('--group <group...>', "groups; default: the service account's own")
    .option('--action <action>', 'connect, call, read, get, complete, subscribe', 'call')
    .requiredOption('--server <name>', 'which server')
    .addOption(new Option('--tool <name>', 'the tool to call').conflicts(['resource', 'prompt']))
    .addOption(new Option('--resource <uri>', 'the resource to read').conflicts(['tool', 'prompt']))
    .addOption(new Option('--prompt <name>', 'the prompt to get').conflicts(['tool', 'resource']))
    .option('--arguments <json>', "the call's arguments", readJson)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example(
        'policy decide --principal reporting --server core-banking --tool run_query --arguments \'{"sql":"select 1"}\'',
      ),
    )
    .action(async (options: DecideOptions, command: Command) => {
      const resource = resourceOf(options);
      const answer = await connect(command).post<{
        effect: string;
        explanation: string;
        policyVersion: string;
      }>('/policies/decide', {
        principal: {
          kind: options.kind,
          name: options.principal,
          ...(options.group === undefined ? {} : { groups: options.group }),
        },
        action: options.action,
        server: options.server,
        ...(resource === undefined ? {} : { resource }),
        ...(options.arguments === undefined ? {} : { arguments: options.arguments }),
      });
      if (options.json) return sayJson(answer);
      say(`${answer.effect}: ${answer.explanation}`);
      say(`Policy version ${answer.policyVersion}.`);
    });
}

function resourceOf(options: DecideOptions): { type: string; name: string } | undefined {
  if (options.tool !== undefined) return { type: 'Tool', name: options.tool };
  if (options.resource !== undefined) return { type: 'Resource', name: options.resource };
  if (options.prompt !== undefined) return { type: 'Prompt', name: options.prompt };
  return undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(`--arguments is not valid JSON: ${text}`);
  }
}
