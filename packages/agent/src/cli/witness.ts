import { readFileSync } from 'node:fs';
import { logLevelOfEnvironment, parseAddress } from '../config/index.ts';
import { openLogger } from '../telemetry/index.ts';
import { openIndependentWitness, serveWitness } from '../witness/index.ts';

export interface WitnessCommandOptions {
  readonly listen: string;
  readonly state: string;
  readonly name: string;
  readonly log?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Runs an independent witness until SIGTERM or SIGINT; without a log it prints its key and ends. */
export async function witnessCommand(options: WitnessCommandOptions): Promise<void> {
  const { listen, state, name, log: logs = [], tlsCert, tlsKey } = options;
  const log = openLogger(logLevelOfEnvironment() ?? 'info', 'witness');
  const witness = await openIndependentWitness({ stateDir: state, name, logs, log });
  process.stdout.write(`${witness.keyText}\n`);
  if (logs.length === 0) return;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new Error('--tls-cert and --tls-key belong together');
  const address = parseAddress(listen);
  if (address === undefined) throw new Error(`--listen: "${listen}" is not host:port`);
  const running = await serveWitness({
    witness,
    ...address,
    log,
    ...(tlsCert === undefined || tlsKey === undefined
      ? {}
      : { tls: { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') } }),
  });
  log.info('the witness listens', { host: address.host, port: running.port, logs: logs.length });
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve());
  await stopped.promise;
  await running.stop();
}
