import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// `pnpm test [vitest's arguments]`: builds, runs every test, and ends with the line that scripts read
// (DESIGN.md §10): `tests: N passed, N failed, N skipped`.

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

const built = await run('turbo', ['run', 'build', '--output-logs=errors-only']);
if (built !== 0) {
  console.log('tests: 0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const folder = await mkdtemp(join(tmpdir(), 'sallyport-tests-'));
const file = join(folder, 'report.json');
const code = await run('vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
]);
const report = await readFile(file, 'utf8').then(
  // Cast: written by vitest's own reporter a moment ago.
  (text) => JSON.parse(text) as Report,
  () => undefined,
);
await rm(folder, { recursive: true, force: true });
const passed = report?.numPassedTests ?? 0;
// A file that could not be loaded has no failed test of its own, and must still fail the run.
const broken = report?.testResults.filter(
  (each) => each.status === 'failed' && each.assertionResults.length === 0,
).length;
const failed = (report?.numFailedTests ?? 1) + (broken ?? 0);
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(code !== 0 || failed > 0 || passed === 0 ? 1 : 0);
