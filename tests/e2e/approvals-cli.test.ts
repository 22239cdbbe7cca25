import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runProgram, startProgram } from '../../packages/gateway/test/cli/run-program.ts';
import { type Approving, type Shown, startApproving } from '../framework/approving.ts';

let on: Approving;
beforeAll(async () => {
  on = await startApproving();
  // Clients that do not wait: the requests stay, and each test makes its own.
  await on.flow({ holdSeconds: 0 });
});
afterAll(() => on?.sallyport.stop());

const as = (who: string) => ({
  env: { SALLYPORT_URL: on.sallyport.url, SALLYPORT_TOKEN: on.tokens[who] ?? '' },
});
const run = (who: string, ...args: string[]): Promise<Ended> => runProgram(['approval', ...args], as(who));

/** What a script reads: one JSON value, and nothing else on either stream. */
async function json(who: string, ...args: string[]) {
  const ended = await run(who, ...args, '--json');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ended.stdout);
}

let amount = 500;
async function held(): Promise<{ asked: Shown; requester: string; amount: number }> {
  amount += 1;
  const mine = amount;
  const client = await on.client();
  await client.call('echo', { amount: mine, note: 'a\u200bb' });
  const asked = await on.waiting();
  const { name } = asked.requester as { name: string }; // cast: the API's own shape
  return { asked, requester: name, amount: mine };
}

/** A command that goes on until it is ended, with the lines that it has printed. */
function watching(who: string, ...args: string[]) {
  const program = startProgram(['approval', ...args], as(who));
  let out = '';
  program.stdout?.on('data', (part: Buffer) => {
    out += part.toString();
  });
  return {
    program,
    ended: once(program, 'close'),
    lines: () => out.split('\n').filter((line) => line !== ''),
  };
}

describe('approval list and show', () => {
  it('give scripts the approvals asked for, and people a table', async () => {
    const { asked, requester } = await held();
    const mine = await json('alice', 'list', '--requester', requester);
    expect(mine).toMatchObject([{ id: asked.id, state: 'pending', server: 'echo', tool: 'echo' }]);
    expect(await json('alice', 'list', '--requester', requester, '--state', 'denied')).toEqual([]);
    const table = await run('alice', 'list', '--requester', requester);
    expect(table.stdout).toMatch(/^ID +STATE +REQUESTER +WHAT/);
    expect(table.stdout).toMatch(new RegExp(`^${asked.id} +pending +${requester} +echo on echo`, 'm'));
  });

  it('show exactly what would be sent to who may decide, invisible characters included, and not to others', async () => {
    const { asked, amount: sent } = await held();
    const shown = await json('alice', 'show', asked.id);
    expect(shown).toMatchObject({ id: asked.id, digest: asked.digest, state: 'pending' });
    expect(shown.subject.arguments).toContain(String(sent));
    expect(shown.subject.arguments).not.toContain('\u200b');
    const text = (await run('alice', 'show', asked.id)).stdout;
    expect(text).toContain('What would be sent');
    expect(text).toContain(`digest ${asked.digest}`);
    expect(await json('mallory', 'show', asked.id)).not.toHaveProperty('subject');
  });
});

describe('approval approve and deny', () => {
  it('decide once; who comes second gets one line and an exit code that says no', async () => {
    const { asked } = await held();
    expect(await json('alice', 'approve', asked.id, '--reason', 'checked')).toMatchObject({
      id: asked.id,
      state: 'approved',
      votes: [{ by: 'alice', effect: 'approve', reason: 'checked' }],
    });
    const late = await run('bob', 'deny', asked.id, '--reason', 'too late', '--json');
    expect(late).toMatchObject({ code: 1, stdout: '' });
    expect(late.stderr).toMatch(/^sallyport-gateway: .*approved already, decided by alice.*\n$/);
    const other = await held();
    expect((await run('bob', 'deny', other.asked.id, '--reason', 'Wrong account')).stdout).toMatch(
      new RegExp(`^${other.asked.id}: denied; echo on echo .*bob denied.*Wrong account\n$`),
    );
  });

  it('refuse without a reason, on another digest, by a stranger, and for what there is not', async () => {
    const { asked } = await held();
    const refused = await Promise.all([
      run('alice', 'deny', asked.id),
      run('alice', 'approve', asked.id, '--digest', 'f'.repeat(64)),
      run('mallory', 'approve', asked.id),
      run('alice', 'approve', 'apr_0123456789ABCDEFGHJK'),
    ]);
    expect(refused.map(({ code, stdout }) => [code === 0, stdout])).toEqual(Array(4).fill([false, '']));
    for (const { stderr } of refused) expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(refused[1]?.stderr).toContain('Look at it again');
    expect((await json('alice', 'show', asked.id)).state).toBe('pending');
  });
});

describe('--watch', () => {
  it('of list prints each that is new or changes, once; of show ends when it is decided', async () => {
    const first = await held();
    const list = watching('alice', 'list', '--watch', '--json');
    const show = watching('alice', 'show', first.asked.id, '--watch', '--json');
    const states = (id: string) =>
      list
        .lines()
        .map((line) => JSON.parse(line))
        .filter((each) => each.id === id)
        .map(({ state }) => state);
    try {
      await expect.poll(() => states(first.asked.id), { timeout: 20_000 }).toEqual(['pending']);
      await expect.poll(() => show.lines().length, { timeout: 20_000 }).toBe(1);
      const second = await held();
      await expect.poll(() => states(second.asked.id), { timeout: 10_000 }).toEqual(['pending']);
      await on.decide('alice', 'approve', first.asked);
      await expect.poll(() => states(first.asked.id), { timeout: 10_000 }).toEqual(['pending', 'approved']);
      expect(await show.ended).toEqual([0, null]);
      expect(show.lines().map((line) => JSON.parse(line).state)).toEqual(['pending', 'approved']);
      // Whatever did not change was printed once.
      expect(states(second.asked.id)).toEqual(['pending']);
    } finally {
      list.program.kill('SIGTERM');
      show.program.kill('SIGTERM');
    }
    await list.ended;
  });
});
