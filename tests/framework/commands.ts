import { type Ended, runProgram } from '../../packages/gateway/test/cli/run-program.ts';
import type { Sallyport } from './sallyport.ts';

/** Runs commands of the gateway against it as its administrator would, from a folder. */
export function commandsOf(
  { url, adminToken }: Pick<Sallyport, 'adminToken' | 'url'>,
  folder: string,
): (...args: string[]) => Promise<Ended> {
  const env = { SALLYPORT_URL: url, SALLYPORT_TOKEN: adminToken };
  return (...args) => runProgram(args, { env, cwd: folder });
}
