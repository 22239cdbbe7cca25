import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

export type Revision = '2025-11-25' | '2026-07-28';
export const REVISIONS: readonly Revision[] = ['2025-11-25', '2026-07-28'];

/** One scenario's checks by id. Of a check that ran several times, the worst. */
export type ScenarioChecks = ReadonlyMap<string, Check>;
export interface Check {
  readonly status: CheckStatus;
  /** The suite's own words where it isn't content. */
  readonly message?: string;
}
export type CheckStatus = 'SUCCESS' | 'INFO' | 'SKIPPED' | 'WARNING' | 'FAILURE';
/** What one run of the suite said, by scenario. */
export type SuiteResult = ReadonlyMap<string, ScenarioChecks>;

const SUITE = dirname(
  createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'),
);
/** A run takes seconds; one that hangs must not hold CI. */
const SUITE_MS = 300_000;
/** Shown of the suite's own words. */
const MESSAGE_CHARS = 300;
const WORSE: readonly CheckStatus[] = ['SUCCESS', 'INFO', 'SKIPPED', 'WARNING', 'FAILURE'];

/** The scenarios that a server of this revision must pass. */
export function requiredScenarios(revision: Revision): string[] {
  const text = readFileSync(join(SUITE, 'requirements', `${revision}.yaml`), 'utf8');
  // The suite's own file, which has had this shape in every release of it.
  return (parse(text) as { server: string[] }).server;
}

/** Runs the official suite against `url` and reads its findings. */
export async function runSuite(url: string, revision: Revision): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-conformance-'));
  try {
    await runProgram([
      join(SUITE, 'dist/index.js'),
      'server',
      '--url',
      url,
      '--requirements',
      revision,
      '-o',
      folder,
    ]);
    const result = new Map<string, ScenarioChecks>();
    for (const entry of readdirSync(folder)) {
      // server-<scenario>-<time of the run>
      const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(entry)?.[1];
      if (scenario !== undefined) result.set(scenario, readChecks(join(folder, entry, 'checks.json')));
    }
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A scenario passes when it said something and nothing failed; warnings are about SHOULDs and count as passed. */
export function scenarioPasses(checks: ScenarioChecks | undefined): boolean {
  return (
    checks !== undefined &&
    checks.size > 0 &&
    [...checks.values()].every(({ status }) => status !== 'FAILURE')
  );
}

/**
 * Checks that pass directly and don't through the gateway, as `scenario: check: what became of it`. INFO is not among
 * them: the suite says it where a choice that the protocol leaves open (JSON instead of a stream) makes a check moot.
 */
export function lostChecks(direct: SuiteResult, through: SuiteResult): string[] {
  const lost: string[] = [];
  for (const [scenario, checks] of direct) {
    for (const [id, { status }] of checks) {
      const now = through.get(scenario)?.get(id);
      if (status !== 'SUCCESS' || now?.status === 'SUCCESS' || now?.status === 'INFO') continue;
      const fate =
        now === undefined ? 'absent' : [now.status, now.message ?? ''].join(' ').slice(0, MESSAGE_CHARS);
      lost.push(`${scenario}: ${id}: ${fate}`);
    }
  }
  return lost;
}

/** A scenario that broke off has a folder and no checks in it. */
function readChecks(file: string): ScenarioChecks {
  const worst = new Map<string, Check>();
  if (!existsSync(file)) return worst;
  // Written by the suite: an array of checks with these members.
  const checks = JSON.parse(readFileSync(file, 'utf8')) as (Check & { id: string; errorMessage?: string })[];
  for (const { id, status, errorMessage } of checks) {
    const before = worst.get(id);
    if (before !== undefined && WORSE.indexOf(status) <= WORSE.indexOf(before.status)) continue;
    worst.set(id, { status, ...(errorMessage === undefined ? {} : { message: errorMessage }) });
  }
  return worst;
}

function runProgram(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: SUITE_MS });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-2000);
    });
    child.once('error', reject);
    // The suite exits 1 where a scenario fails, which is a finding and not an error.
    child.once('exit', (code, signal) => {
      if (code === 0 || code === 1) resolve();
      else reject(new Error(`the conformance suite ended with ${signal ?? code}: ${complaint}`));
    });
  });
}
