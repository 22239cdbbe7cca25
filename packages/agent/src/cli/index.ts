import { errorText } from '@sallyport/shared/errors';
import { Command, CommanderError, Option } from 'commander';
import { agentVersion } from '../version.ts';

const CONFIG = ['--config <file>', 'agent.yaml: the servers this agent exposes, and the gateway'] as const;
const STATE = ['--state <folder>', "where the agent's key and certificate are kept"] as const;

/**
 * Runs one command of `sallyport-agent`. Each is loaded when it is called for.
 *
 * @returns the exit code: 0, or 1 after one clear line on standard error
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('sallyport-agent')
    .description('Relays MCP servers of this network to a Sallyport gateway. It only ever dials out.')
    .version(agentVersion())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
    .showHelpAfterError('(add --help for what is possible)');

  program
    .command('enroll')
    .description("exchange a one-time token for this agent's certificate")
    .requiredOption('--gateway <host:port>', "address of the gateway's tunnel")
    .option('--token <token>', 'the token; it shows in the process list, so prefer --token-file')
    .option('--token-file <file>', 'file that holds the token')
    .requiredOption(...STATE)
    .action(async (options) => {
      const { enrollCommand } = await import('./enroll.ts');
      await enrollCommand(options);
    });
  program
    .command('run')
    .description('connect to the gateway and serve, until SIGTERM or SIGINT')
    .requiredOption(...CONFIG)
    .requiredOption(...STATE)
    .option('--token-file <file>', 'enrol with this token first if there is no certificate that holds')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['error', 'warn', 'info', 'debug']),
    )
    .action(async (options) => {
      const { runCommand } = await import('./run.ts');
      await runCommand(options);
    });
  program
    .command('servers')
    .description('list the servers of agent.yaml and ask each what it speaks')
    .requiredOption(...CONFIG)
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { serversCommand } = await import('./servers.ts');
      code = await serversCommand(options);
    });
  program
    .command('doctor')
    .description('check everything between this agent, its servers and the gateway, in plain words')
    .requiredOption(...CONFIG)
    .requiredOption(...STATE)
    .option('--token-file <file>', 'also check this enrolment token')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { doctorCommand } = await import('./doctor/index.ts');
      code = await doctorCommand(options);
    });

  program
    .command('witness')
    .description(
      "countersign a gateway's audit log as an independent witness (C2SP tlog-witness), on a machine of its own",
    )
    .requiredOption('--state <folder>', 'where its key and what it countersigned are kept')
    .requiredOption('--name <name>', 'the name in its cosignatures, such as witness.audit.bank.example')
    .option('--log <vkey...>', 'verifier keys of the logs to countersign; without any its own key is printed')
    .option('--listen <host:port>', 'plain HTTP is for this machine alone', '127.0.0.1:7410')
    .option('--tls-cert <file>', 'certificate chain (PEM), to serve other machines')
    .option('--tls-key <file>', 'its key (PEM)')
    .action(async (options) => {
      const { witnessCommand } = await import('./witness.ts');
      await witnessCommand(options);
    });

  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (thrown) {
    // Commander has said what is wrong with the command line itself; --help and --version end with code 0.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 1;
    process.stderr.write(`sallyport-agent: ${errorText(thrown)}\n`);
    return 1;
  }
}
