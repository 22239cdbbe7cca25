import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { parseVerifierKey } from '@sallyport/shared/merkle';
import type { Logger } from '../telemetry/index.ts';
import { WitnessState } from './state.ts';
import { Witness } from './witness.ts';

export { WitnessError } from './errors.ts';
export { serveWitness } from './serve.ts';
export type { WitnessAnswer } from './types.ts';
export type { Witness } from './witness.ts';

/** The agent as a witness of the gateway's audit logs. @throws WitnessError `state_unusable`. */
export async function openWitness(options: {
  readonly stateDir: string;
  readonly agentName: string;
  readonly log: Logger;
}): Promise<Witness> {
  return await Witness.open({
    state: new WitnessState(join(options.stateDir, 'witness')),
    name: `sallyport-agent/${options.agentName}`,
    clock: systemClock,
    log: options.log,
  });
}

/**
 * A witness that stands for itself, of the logs whose keys it is given: nobody at the gateway can change them.
 *
 * @param logs verifier keys of logs (C2SP signed-note).
 * @throws WitnessError `state_unusable`, NoteError `malformed`.
 */
export async function openIndependentWitness(options: {
  readonly stateDir: string;
  readonly name: string;
  readonly logs: readonly string[];
  readonly log: Logger;
}): Promise<Witness> {
  return await Witness.open({
    state: new WitnessState(options.stateDir),
    name: options.name,
    logs: options.logs.map(parseVerifierKey),
    clock: systemClock,
    log: options.log,
  });
}
