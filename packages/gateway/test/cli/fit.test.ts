import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { temporaryFolder } from '../store/postgres.ts';
import { runProgram } from './run-program.ts';

let api: RunningApi;
let folder: string;

beforeAll(async () => {
  api = await startApi();
  folder = await temporaryFolder();
});
afterAll(async () => {
  await api?.stop();
});

const run = (args: readonly string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('administrator') } });

let files = 0;
async function apply(yaml: string, ...more: string[]) {
  files += 1;
  const file = join(folder, `${files}.yaml`);
  await writeFile(file, yaml);
  return run(['apply', '-f', file, ...more]);
}

const SERVER = 'kind: Server\nname: ledger\nagent: branch\n';
const DECLARED = `${SERVER}arguments: { run_query: { sql: sql } }\n`;
const RISKY = `kind: Policy
name: no-writes
cedar: |
  forbid (principal, action == Sallyport::Action::"call", resource in Sallyport::Server::"ledger")
    when { context.risk has sql && context.risk.sql.level > 1 };
`;
const SILENT =
  /cedar: line 2, column 27: context\.risk\.sql is never there for calls of any tool of ledger: no/;

test('a policy on risk facts that nothing declares is warned of, wherever it is tried or applied', async () => {
  const dry = await apply(`${SERVER}---\n${RISKY}`, '--dry-run');
  expect([dry.code, dry.stderr]).toEqual([0, expect.stringMatching(SILENT)]);
  const done = await apply(`${SERVER}---\n${RISKY}`, '--json');
  expect([done.code, done.stderr]).toEqual([0, expect.stringMatching(SILENT)]);
  expect(JSON.parse(done.stdout).warnings).toMatchObject([{ kind: 'Policy', name: 'no-writes' }]);
  const cedar = join(folder, 'no-writes.cedar');
  await writeFile(cedar, RISKY.split('cedar: |\n')[1] ?? '');
  const checked = await run(['policy', 'check', '-f', cedar]);
  expect(checked).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/:2:29: context\.risk\.sql is never/),
  });

  // Once declared it is silent; the Server document that takes the declaration back is warned of.
  expect((await apply(DECLARED)).stderr).toBe('');
  expect((await apply(`kind: Group\nname: others\n`)).stderr).toBe('');
  expect((await apply(SERVER)).stderr).toMatch(SILENT);
});

test('a policy that names a flow that there is not is refused; a flow that a policy names is not deleted', async () => {
  const policy = (name: string) => `kind: Policy
name: approved
cedar: |
  @approval("${name}") forbid (principal, action, resource in Sallyport::Server::"ledger")
    unless { context has approval && context.approval.flows.contains("${name}") };
`;
  const flow = 'kind: ApprovalFlow\nname: payments\nstages: [{ approvers: [treasury] }]\n';
  const refused = await apply(policy('payments'));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    'cedar: line 1, column 1: there is no approval flow "payments" (there are none',
  );
  expect((await apply(`${policy('payments')}---\n${flow}`)).code).toBe(0);
  expect((await apply(policy('payment'))).stderr).toContain('did you mean "payments"? there are payments');
  const deleted = await run(['documents', 'delete', 'ApprovalFlow', 'payments']);
  expect(deleted.code).toBe(1);
  expect(deleted.stderr).toContain('Policy "approved" (line 1) names this flow.');
  expect((await apply(`${policy('payments').replace('cedar:', 'enabled: false\ncedar:')}`)).code).toBe(0);
  expect((await run(['documents', 'delete', 'ApprovalFlow', 'payments'])).code).toBe(0);
  expect((await apply(policy('payments'))).code).toBe(1);
});
