import { complain, say } from '../output.ts';

/** As in the API's answer. */
export interface QuorumStatus {
  met: boolean;
  demands: string;
  warning?: string;
  ageSeconds: number;
  maxAgeSeconds: number;
  refuses: boolean;
  checkpoint?: { size: number; ts: string };
  witnesses: {
    name: string;
    kind: string;
    last?: { size: number; ts: string };
    problem?: string;
    problemSeconds?: number;
    conflict?: string;
  }[];
}

/** Who countersigns the log, in `audit status`; exit code 1 when they are not enough, or one of them refuses it. */
export function sayWitnesses(quorum: QuorumStatus | undefined): void {
  if (quorum === undefined) return;
  const { checkpoint } = quorum;
  const covered =
    checkpoint === undefined ? 'nothing yet' : `${checkpoint.size} entries, signed ${checkpoint.ts}`;
  say(`quorum      ${quorum.demands}: ${covered}`);
  for (const { name, last, problem, problemSeconds, conflict } of quorum.witnesses) {
    const what =
      last === undefined ? 'has countersigned nothing yet' : `${last.size} entries, signed ${last.ts}`;
    say(
      `witness     ${name}: ${what}${problem === undefined ? '' : `; for ${problemSeconds} s: ${problem}`}`,
    );
    if (conflict !== undefined) {
      process.exitCode = 1;
      complain(`WITNESS ${name} REFUSES THIS LOG: ${conflict}. Both checkpoints are in the export.`);
    }
  }
  if (quorum.warning !== undefined) say(`note        ${quorum.warning}`);
  if (quorum.met) return;
  process.exitCode = 1;
  const then = quorum.refuses ? 'Calls are refused.' : 'Calls go on (witnessRefusesCalls is off).';
  complain(
    `no quorum of witnesses for ${quorum.ageSeconds} s, and ${quorum.maxAgeSeconds} s are allowed. ${then}`,
  );
}
