import { errorText } from '@sallyport/shared/errors';
import { Command } from 'commander';
import { GATEWAY_VERSION } from '../version.ts';
import { addAgentCommands } from './commands/agents.ts';
import { addApplyCommand } from './commands/apply.ts';
import { addApprovalCommands } from './commands/approvals.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDocumentCommands } from './commands/documents.ts';
import { addGrantCommands } from './commands/grants.ts';
import { addMaskCommands } from './commands/mask.ts';
import { addPolicyCommands } from './commands/policy.ts';
import { addProposalCommands } from './commands/proposals.ts';
import { addServerCommands } from './commands/servers.ts';
import { addSessionCommands } from './commands/sessions.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTokenCommands } from './commands/token.ts';
import { addToolCommands } from './commands/tools.ts';
import { example } from './connect.ts';
import { complain } from './output.ts';

export interface ServeOptions {
  /** Path of the YAML settings file, as given on the command line. */
  readonly config?: string;
}

export interface SignerCommandOptions {
  readonly socket: string;
  readonly state: string;
  readonly origin: string;
}

/** The commands that run the gateway itself; given, so that a client command does not load the gateway. */
export interface GatewayCommands {
  /** Resolves when the gateway has stopped, or once it is up and holds the process open by itself. */
  serve(options: ServeOptions): Promise<void>;
  migrate(options: ServeOptions): Promise<void>;
  /** Resolves once the signer listens; it holds the process open by itself. */
  signer(options: SignerCommandOptions): Promise<void>;
}

/**
 * Runs `sallyport-gateway …`. A failure is one clear line on the standard error and the exit code 1; the process is
 * left to end by itself, so that output to a pipe is complete.
 *
 * @param argv as in `process.argv`.
 */
export async function runCli(argv: readonly string[], commands: GatewayCommands): Promise<void> {
  // A reader that has seen enough (`| head`) is not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await buildProgram(commands).parseAsync([...argv]);
  } catch (thrown) {
    complain(errorText(thrown));
    process.exitCode = 1;
  }
}

function buildProgram(commands: GatewayCommands): Command {
  const program = new Command('sallyport-gateway')
    .description(
      "Runs Sallyport's gateway, and administers one. The commands find the gateway by SALLYPORT_URL and SALLYPORT_TOKEN, " +
        "or by the quick start's .sallyport/quickstart.json.",
    )
    .version(GATEWAY_VERSION)
    .option('--insecure-http', 'let a token go to another machine without TLS')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', example('apply -f servers.yaml', 'doctor'));
  program
    .command('serve')
    .summary('run the gateway')
    .option('--config <file>', 'settings (YAML); SALLYPORT_* variables go before it')
    .addHelpText('after', example('serve --config /etc/sallyport/gateway.yaml'))
    .action((options: ServeOptions) => commands.serve(options));
  program
    .command('migrate')
    .summary('bring the database up to date, and end')
    .option('--config <file>', 'settings (YAML); SALLYPORT_* variables go before it')
    .addHelpText('after', example('migrate --config /etc/sallyport/gateway.yaml'))
    .action((options: ServeOptions) => commands.migrate(options));
  program
    .command('signer')
    .summary("sign the audit log's checkpoints in a process of its own")
    .description(
      "Keeps the log's key and the record of what was signed under a user of its own; the gateway reaches it by its socket (signerSocket). Begin a log with it: the key of a log does not change.",
    )
    .requiredOption('--socket <path>', "where it listens; the folder's rights say who may ask")
    .requiredOption('--state <folder>', 'its key and its record, for its own user alone')
    .requiredOption('--origin <origin>', 'the log it signs: <deployment name>/log/<slot>')
    .addHelpText(
      'after',
      example(
        'signer --socket /run/sallyport/signer.sock --state /var/lib/sallyport-signer --origin bank/log/0',
      ),
    )
    .action((options: SignerCommandOptions) => commands.signer(options));
  addApplyCommand(program);
  addDocumentCommands(program);
  addTokenCommands(program);
  addToolCommands(program);
  addAgentCommands(program);
  addServerCommands(program);
  addSessionCommands(program);
  addGrantCommands(program);
  addApprovalCommands(program);
  addMaskCommands(program);
  addPolicyCommands(program);
  addProposalCommands(program);
  addAuditCommands(program);
  addStatusCommand(program);
  addDoctorCommand(program);
  return program;
}
