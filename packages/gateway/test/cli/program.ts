import { runCli } from '../../src/cli/index.ts';

// The command line from its sources, as main.ts runs it but without the gateway's own commands.
const notHere = (): never => {
  throw new Error('this program only has the client commands');
};
await runCli(process.argv, {
  serve: async () => notHere(),
  migrate: async () => notHere(),
  signer: async () => notHere(),
});
