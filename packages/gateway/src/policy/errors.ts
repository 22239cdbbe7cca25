import { SallyportError } from '@sallyport/shared/errors';
import type { PolicyProblem } from './types.ts';

/** `invalid`: the documents given to `load` have problems; those in force stay. */
export type PolicyErrorCode = 'invalid';

/** What is wrong with one policy document. */
export interface DocumentProblems {
  readonly name: string;
  readonly problems: readonly PolicyProblem[];
}

/** Policies that cannot be put in force. `documents` says which and why, with places. */
export class PolicyError extends SallyportError<PolicyErrorCode> {
  override readonly name = 'PolicyError';
  readonly documents: readonly DocumentProblems[];

  constructor(documents: readonly DocumentProblems[]) {
    const lines = documents.flatMap(({ name, problems }) =>
      problems.map((problem) => describe(name, problem)),
    );
    super('invalid', `The policies were not put in force; those in force stay. ${lines.join(' ')}`);
    this.documents = documents;
  }
}

function describe(name: string, problem: PolicyProblem): string {
  const place = problem.line === undefined ? name : `${name}:${problem.line}:${problem.column ?? 1}`;
  return problem.help === undefined
    ? `${place}: ${problem.message}.`
    : `${place}: ${problem.message} (${problem.help}).`;
}
