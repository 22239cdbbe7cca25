import { runCli } from './cli/index.ts';

process.exitCode = await runCli(process.argv);
// What a command left open (a keep-alive connection, a watch) must not keep the process; output is synchronous.
process.exit();
