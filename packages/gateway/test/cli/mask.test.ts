import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { runProgram } from './run-program.ts';

// No gateway, no token: the engine is tried on this machine.
const run = (stdin: string, ...args: string[]) =>
  runProgram(['mask', 'test', ...args], { env: {}, cwd: tmpdir(), stdin });
const message = (text: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } });

test('lines come back in their order, masked, with what was found and never the value', async () => {
  const texts = ['card 4111111111111111', 'nothing at all', 'write to jane@example.org'];
  const lines = texts.map((text, id) => JSON.stringify({ id, message: message(text) }));
  const { code, stdout, stderr } = await run(`${lines.join('\n')}\n`, '--profile', 'everything', '--jsonl');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers.map(({ id }) => id)).toEqual([0, 1, 2]);
  expect(answers[0]).toMatchObject({
    masked: message('card [PAN]'),
    findings: [{ detector: 'pan', entity: 'PAN', carrier: 'text', count: 1 }],
  });
  expect(answers[1]).toEqual({ id: 1, masked: message('nothing at all'), findings: [] });
  expect(stdout).not.toContain('jane@');
});

test('what is refused has no masked form; what is no line ends it with its number', async () => {
  const refused = await run(`${JSON.stringify({ id: 'a', message: 'no json' })}\n`, '--jsonl');
  expect(JSON.parse(refused.stdout)).toMatchObject({ id: 'a', masked: '', refused: { reason: 'malformed' } });
  const broken = await run(`${JSON.stringify({ id: 1, message: message('x') })}\n{"id":2}\n`, '--jsonl');
  expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('line 2 must be') });
  expect((await run('', '--profile', 'PCY')).stderr).toContain('There are: PCI');
});

test('plain text is shown masked', async () => {
  const { stdout } = await run('card 4111 1111 1111 1111\n');
  expect(stdout).toContain('card [PAN]');
  expect(stdout).toContain('PAN: 1 by PCI (pan)');
});
