import { lostChecks, type Revision, requiredScenarios, type SuiteResult, scenarioPasses } from './suite.ts';

/** The ways in which the suite reaches the fixture. */
export type Way = 'direct' | 'stdio' | 'http';

/** What was found for one revision of the protocol. */
export interface RevisionReport {
  readonly revision: Revision;
  readonly scenarios: readonly { name: string; required: boolean; passes: Partial<Record<Way, boolean>> }[];
  readonly required: number;
  /** How many of the required scenarios pass, by way. */
  readonly passed: Partial<Record<Way, number>>;
  /** Checks that pass directly and don't through the gateway, by way. */
  readonly lost: Partial<Record<Way, string[]>>;
}

/** Puts the runs of one revision side by side. `direct` is always among them. */
export function compareRuns(revision: Revision, runs: ReadonlyMap<Way, SuiteResult>): RevisionReport {
  const required = requiredScenarios(revision);
  const direct = runs.get('direct') ?? new Map();
  const others = [...direct.keys()].filter((name) => !required.includes(name)).sort();
  const scenarios = [...required, ...others].map((name) => ({
    name,
    required: required.includes(name),
    passes: mapWays(runs, (result) => scenarioPasses(result.get(name))),
  }));
  return {
    revision,
    scenarios,
    required: required.length,
    passed: mapWays(runs, (result) => required.filter((name) => scenarioPasses(result.get(name))).length),
    lost: mapWays(runs, (result) => lostChecks(direct, result)),
  };
}

/** The figures of the last line: one per required scenario and way, and one per check lost on the way through. */
export function countReport(reports: readonly RevisionReport[]): { passed: number; failed: number } {
  let [passed, failed] = [0, 0];
  for (const report of reports) {
    for (const count of Object.values(report.passed)) {
      passed += count;
      failed += report.required - count;
    }
    for (const lost of Object.values(report.lost)) failed += lost.length;
  }
  return { passed, failed };
}

/** The report as lines of text for people. */
export function renderReport(report: RevisionReport): string {
  const ways = Object.keys(report.passed) as Way[]; // made by mapWays, so its keys are ways
  const row = (name: string, cells: string[]) =>
    `${name.padEnd(48)}${cells.map((cell) => cell.padStart(9)).join('')}`;
  const lines = [
    row(
      `MCP ${report.revision}`,
      ways.map((way) => (way === 'direct' ? way : `> ${way}`)),
    ),
  ];
  for (const { name, required, passes } of report.scenarios) {
    lines.push(
      row(
        required ? name : `(${name})`,
        ways.map((way) => (passes[way] ? 'pass' : 'FAIL')),
      ),
    );
  }
  lines.push(
    row(
      'required',
      ways.map((way) => `${report.passed[way]}/${report.required}`),
    ),
  );
  lines.push('In brackets: run by the suite and not required. "> stdio", "> http": through Sallyport.');
  for (const way of ways) {
    for (const lost of report.lost[way] ?? []) lines.push(`LOST through ${way}: ${lost}`);
  }
  return lines.join('\n');
}

function mapWays<T>(
  runs: ReadonlyMap<Way, SuiteResult>,
  read: (result: SuiteResult) => T,
): Partial<Record<Way, T>> {
  return Object.fromEntries([...runs].map(([way, result]) => [way, read(result)]));
}
