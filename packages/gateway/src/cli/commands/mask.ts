import { once } from 'node:events';
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { compilePlan, type MaskingPlan, maskMessage, type ProfileName } from '@sallyport/shared/masking';
import { type Command, InvalidArgumentError } from 'commander';
import { CliError } from '../api-client.ts';
import { connect, example } from '../connect.ts';
import { say } from '../output.ts';
import { addMaskStatistics } from './mask-statistics.ts';

const PROFILE_NAMES: readonly ProfileName[] = ['PCI', 'GLBA', 'secrets', 'everything'];

/** As in the API's answer. */
interface TestAnswer {
  masked: string;
  findings: readonly { rule: string; detector: string; entity: string; count: number }[];
  refused?: { message: string };
}

interface TestOptions {
  readonly profile: readonly ProfileName[];
  readonly jsonl?: boolean;
  readonly server?: string;
  readonly tool?: string;
  readonly group: readonly string[];
}

/** `mask`: tries the engine on this machine or the rules in force at a gateway, and counts what they have hidden. */
export function addMaskCommands(program: Command): void {
  const mask = program.command('mask').summary('try what masking finds, and count what it has found');
  mask
    .command('test')
    .summary('mask what comes on the standard input; nothing is stored')
    .option(
      '--profile <name>',
      `${PROFILE_NAMES.join(', ')}; may be given more than once (default: PCI and secrets)`,
      readProfile,
      [],
    )
    .option(
      '--jsonl',
      'lines {"id", "message"} in, lines {"id", "masked", "findings"} out, in the same order',
    )
    .option('--server <name>', 'ask the gateway: with the rules in force for this server')
    .option('--tool <name>', 'with --server: the rules for this tool; without it those for any tool')
    .option('--group <name>', 'with --server: for principals of this group; may be repeated', collect, [])
    .addHelpText(
      'after',
      example(
        "mask test --profile everything <<< 'card 4111 1111 1111 1111'",
        'mask test --server ledger --tool find_customer < answer.txt',
      ),
    )
    .action(async (options: TestOptions, command: Command) => {
      if (options.server !== undefined) return await testAtGateway(options, command);
      const profiles = options.profile.length === 0 ? (['PCI', 'secrets'] as const) : options.profile;
      const plan = compilePlan({ profiles });
      if (options.jsonl) await testLines(plan);
      else await testText(plan);
    });
  addMaskStatistics(mask);
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

function readProfile(text: string, before: readonly ProfileName[]): ProfileName[] {
  const name = PROFILE_NAMES.find((each) => each.toLowerCase() === text.toLowerCase());
  if (name === undefined) throw new InvalidArgumentError(`There are: ${PROFILE_NAMES.join(', ')}.`);
  return [...before, name];
}

/** The rules in force, for text as a server would give it in a text block. */
async function testAtGateway(options: TestOptions, command: Command): Promise<void> {
  const { server, tool, group, jsonl, profile } = options;
  if (jsonl || profile.length > 0) {
    throw new CliError('--server tries plain text with the rules in force: leave --jsonl and --profile out');
  }
  const tried = await connect(command).post<TestAnswer>('/masking/test', {
    text: await standardInput(),
    server,
    ...(tool === undefined ? {} : { tool }),
    ...(group.length === 0 ? {} : { groups: group }),
  });
  if (tried.refused !== undefined) throw new CliError(`it would be withheld: ${tried.refused.message}`);
  sayMasked(tried.masked, tried.findings);
}

/** Each line is a message of its own; a line that is none ends it with its number. */
async function testLines(plan: MaskingPlan): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: stdin, crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const { id, message } = readLine(line, number);
    const { masked, findings, refused } = maskMessage(Buffer.from(message), plan);
    const result =
      refused === undefined
        ? { id, masked: Buffer.from(masked).toString('utf8'), findings }
        : { id, masked: '', findings: [], refused };
    if (!stdout.write(`${JSON.stringify(result)}\n`)) await once(stdout, 'drain');
  }
}

function readLine(line: string, number: number): { id: unknown; message: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new CliError(`line ${number} is not JSON`, { cause });
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !('message' in value) ||
    typeof value.message !== 'string'
  ) {
    throw new CliError(`line ${number} must be {"id": …, "message": "the raw text of a JSON-RPC message"}`);
  }
  return { id: 'id' in value ? value.id : null, message: value.message };
}

/** Plain text, as a server would give it in a text block. */
async function testText(plan: MaskingPlan): Promise<void> {
  const text = await standardInput();
  const message = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } };
  const { masked, findings, refused } = maskMessage(Buffer.from(JSON.stringify(message)), plan);
  if (refused !== undefined) throw new CliError(`it would be withheld: ${refused.message}`);
  // Cast: the message above, masked, which keeps its shape.
  const shown = JSON.parse(Buffer.from(masked).toString('utf8')) as typeof message;
  sayMasked(shown.result.content[0]?.text ?? '', findings);
}

async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stdin) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function sayMasked(masked: string, findings: TestAnswer['findings']): void {
  say(masked.replace(/\n$/, ''));
  for (const { rule, detector, entity, count } of findings)
    say(`  ${entity}: ${count} by ${rule} (${detector})`);
  if (findings.length === 0) say('  nothing was found');
}
