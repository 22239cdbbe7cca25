import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import type { Logger } from '../telemetry/index.ts';
import { WitnessState } from './state.ts';
import { Witness } from './witness.ts';

export { WitnessError } from './errors.ts';
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
