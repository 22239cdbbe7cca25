import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { temporaryFolder } from '../store/postgres.ts';
import { runProgram } from './run-program.ts';
import { openShownTools } from './shown-tools.ts';

let api: RunningApi;
let shown: Awaited<ReturnType<typeof openShownTools>>;
let folder: string;

beforeAll(async () => {
  api = await startApi();
  folder = await temporaryFolder();
  shown = await openShownTools(api, { firstUse: true });
});
afterAll(async () => {
  await shown?.close();
  await api?.stop();
});

async function show(server: string, ...definitions: { name: string; [member: string]: unknown }[]) {
  const seen = definitions.map((definition) => {
    const canonical = JSON.stringify(definition);
    const digest = createHash('sha256').update(canonical).digest('hex');
    return { name: definition.name, digest, canonical: () => canonical };
  });
  await shown.pins.take(server, seen, 'probe');
}

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

const input = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'integer' }])),
});
const limited = (condition: string) => `kind: Policy
name: limited
cedar: |
  forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"bank/transfer")
    when { ${condition} };
`;

test('a misspelt argument is found when the policy is applied; a definition that policies do not fit, in its review', async () => {
  await show('bank', {
    name: 'transfer',
    description: 'Transfers.',
    inputSchema: input('amount', 'account'),
  });
  const misspelt = await apply(limited('context.arguments.ammount > 100'));
  expect([misspelt.code, misspelt.stderr]).toEqual([
    1,
    expect.stringContaining(
      'cedar: line 2, column 28: "ammount" is no argument of bank/transfer (did you mean "amount"? there are account, amount)',
    ),
  ]);
  expect((await apply(limited('context.arguments.amount > "100"'))).stderr).toContain(
    'expected Long but saw String',
  );
  const sound = await apply(limited('context.arguments.amount > 100'));
  expect([sound.code, sound.stderr]).toEqual([0, '']);
  const cedar = join(folder, 'misspelt.cedar');
  await writeFile(cedar, limited('context.arguments has amuont').split('cedar: |\n')[1] ?? '');
  expect(await run(['policy', 'check', '-f', cedar])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/misspelt\.cedar:2:34: "amuont" is no argument of bank\/transfer/),
  });

  // The server brings another definition: its reviewer is told, and who applies the policy as it was.
  await show('bank', { name: 'transfer', description: 'Transfers.', inputSchema: input('sum', 'account') });
  const shown = await run(['tool', 'show', 'bank', 'transfer']);
  expect(shown.stdout).toContain(
    'limited: line 2, column 28: "amount" is no argument of bank/transfer (did you mean "account"? there are account, sum)',
  );
  await run(['tool', 'pin', 'bank', 'transfer', '--reason', 'reviewed all the same']);
  const stale = await apply(limited('context.arguments.amount > 100'));
  expect([stale.code, stale.stderr]).toEqual([
    0,
    expect.stringContaining('"amount" is no argument of bank/tr'),
  ]);
  expect((await apply(limited('context.arguments.amount > 200'))).code).toBe(1);
  const schema = await run(['policy', 'schema', '--server', 'bank', '--tool', 'transfer']);
  expect(schema.stdout).toContain('"sum"?: Long,');
  expect((await run(['policy', 'schema', '--server', 'nowhere'])).code).toBe(1);
});

test('what might be declared is offered, and no more once it is', async () => {
  const text = { type: 'string' };
  await show(
    'files',
    { name: 'read', inputSchema: { type: 'object', properties: { path: text } } },
    {
      name: 'run_sql',
      inputSchema: {
        type: 'object',
        properties: { query: text, 'odd\u202ekey': { type: 'object', properties: { url: text } } },
      },
    },
  );
  const server = 'kind: Server\nname: files\nagent: branch\n';
  const applied = await apply(server);
  expect(applied.stdout).toMatch(
    /^hint: Server\/files: 3 arguments look .* aren't declared, as read's path \(path\)\. See sallyport-gateway servers guess files$/m,
  );
  const guessed = await run(['servers', 'guess', 'files']);
  expect(guessed.stdout).toBe(`arguments:
  read:
    path: { reader: path, roots: [/WHICH/FOLDERS] } # its name has "path"; write the folders that it may be in
  run_sql:
    query: sql # its name has "query" and it is about "sql"
    "odd\\u202ekey.url": url # its name has "url"
`);
  const declared = await apply(`${server}${guessed.stdout}`);
  expect([declared.code, declared.stdout]).toEqual([0, expect.not.stringContaining('hint')]);
  expect((await run(['servers', 'guess', 'files'])).stdout).toContain('Nothing is guessed of "files"');
  expect((await run(['servers', 'guess', 'nowhere'])).code).toBe(1);
});
