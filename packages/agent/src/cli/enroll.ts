import { parseAddress } from '../config/index.ts';
import { enrol, validity } from '../enrol/index.ts';
import { openClients } from '../tunnel/index.ts';
import { agentVersion } from '../version.ts';
import { readTokenFile } from './token-file.ts';

export interface EnrollOptions {
  readonly gateway: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly state: string;
}

/** @throws Error with one clear line. */
export async function enrollCommand(options: EnrollOptions): Promise<void> {
  const address = parseAddress(options.gateway);
  if (address === undefined) throw new Error(`--gateway: "${options.gateway}" is not host:port`);
  const token = options.tokenFile === undefined ? options.token : readTokenFile(options.tokenFile);
  if (token === undefined) throw new Error('give the token with --token-file or --token');
  const identity = await enrol({
    address,
    token,
    stateDir: options.state,
    agentVersion: agentVersion(),
    connect: openClients(),
  });
  const until = new Date(validity(identity.certificatePem).toMs).toISOString();
  process.stdout.write(
    `enrolled as ${identity.agentName}; the certificate holds until ${until} and renews itself\n`,
  );
}
