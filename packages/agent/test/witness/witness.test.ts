import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import {
  addCheckpointText,
  newSeed,
  parseNote,
  parseVerifierKey,
  signingKey,
  verifyNote,
} from '@sallyport/shared/merkle';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { WitnessState } from '../../src/witness/state.ts';
import { Witness } from '../../src/witness/witness.ts';
import { listeningLogger, scratch } from '../gateway-side/agent.ts';
import { TestLog } from './log.ts';

const cleaning: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleaning.splice(0)) clean();
});

async function witnessIn(folder: string) {
  const { log, lines } = listeningLogger();
  const state = new WitnessState(folder);
  const witness = await Witness.open({ state, name: 'sallyport-agent/tester', clock: systemClock, log });
  return { witness, state, lines };
}

async function fresh() {
  const { path, clean } = scratch();
  cleaning.push(clean);
  const folder = join(path, 'witness');
  return { folder, ...(await witnessIn(folder)) };
}

test('a log that grows is countersigned each time, by the same key after a restart, with the time', async () => {
  const { folder, witness } = await fresh();
  const log = new TestLog('bank/log/0').grow(5);
  const first = await witness.add(await log.request(0), [log.keyText]);
  expect(first.status).toBe(200);
  const { text } = parseNote(log.note());
  const [cosigned] = verifyNote(parseNote(`${text}\n${first.body}`), [parseVerifierKey(witness.keyText)]);
  expect(Math.abs((cosigned?.timeSeconds ?? 0) - Date.now() / 1_000)).toBeLessThan(120);
  const again = (await witnessIn(folder)).witness;
  expect(again.keyText).toBe(witness.keyText);
  expect(await again.add(await log.grow(13).request(5))).toMatchObject({ status: 200 });
  expect(await again.add(await log.request(13))).toMatchObject({ status: 200 });
});

test('what is countersigned is on the disk before it is answered', async () => {
  const { folder, witness, state } = await fresh();
  const log = new TestLog('bank/log/0').grow(3);
  const keep = state.keep.bind(state);
  let kept = false;
  state.keep = async (held) => {
    await keep(held);
    kept = true;
    // The process dies here: the answer never leaves.
    throw new Error('killed');
  };
  expect(await witness.add(await log.request(0), [log.keyText])).toMatchObject({ status: 500 });
  expect(kept).toBe(true);
  const { witness: next } = await witnessIn(folder);
  // The gateway believes that nothing is held: it is told otherwise, and goes on from there.
  const other = log.fork(2).grow(6, 'forged');
  expect(await next.add(await other.request(0), [log.keyText])).toMatchObject({ status: 409, body: '3\n' });
  expect(await next.add(await log.request(3))).toMatchObject({ status: 200 });
});

const faults: Record<string, (folder: string) => void> = {
  'the folder is gone and can not be made': (folder) => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
  },
  'the draft can not be written': (folder) => {
    const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('log-'));
    mkdirSync(join(folder, `${file}.${process.pid}.tmp`));
  },
};
for (const [fault, cause] of Object.entries(faults)) {
  test(`nothing is countersigned where it can't be kept: ${fault}`, async () => {
    const { folder, witness } = await fresh();
    const log = new TestLog('bank/log/0').grow(3);
    await witness.add(await log.request(0), [log.keyText]);
    cause(folder);
    const answer = await witness.add(await log.grow(4).request(3), [log.keyText]);
    expect(answer.status).not.toBe(200);
    expect(answer.body).not.toContain('—');
  });
}

test('a fork, a smaller log and a replayed one are refused, and both checkpoints are named', async () => {
  const { witness, lines } = await fresh();
  const log = new TestLog('bank/log/0').grow(10);
  await witness.add(await log.request(0), [log.keyText]);
  const forged = log.fork(7).grow(12, 'forged');
  const fork = await witness.add(
    addCheckpointText({ oldSize: 10, proof: await forged.proof(10, 12), note: forged.note() }),
  );
  expect(fork).toMatchObject({ status: 422, held: log.note(10) });
  expect(fork.body).toContain(`10 entries with root ${log.root(10).toString('hex')}`);
  expect(fork.body).toContain(`12 entries with root ${forged.root(12).toString('hex')}`);
  const sameSize = await witness.add(addCheckpointText({ oldSize: 10, proof: [], note: forged.note(10) }));
  expect(sameSize).toMatchObject({ status: 409, body: '10\n', held: log.note(10) });
  for (const old of [0, 4])
    expect(await witness.add(await log.request(old, 8))).toMatchObject({ status: 409, body: '10\n' });
  const said = lines.filter(({ message }) => message === 'A CHECKPOINT OF THE AUDIT LOG IS REFUSED');
  expect(said.length).toBeGreaterThanOrEqual(3);
  expect(await witness.add(await log.grow(11).request(10))).toMatchObject({ status: 200 });
});

test("the log's key is pinned on first sight: another key is refused, also when it is offered", async () => {
  const { witness } = await fresh();
  const log = new TestLog('bank/log/0').grow(4);
  await witness.add(await log.request(0), [log.keyText]);
  const thief = new TestLog('bank/log/0', [], newSeed()).grow(6);
  expect(await witness.add(await thief.request(4), [thief.keyText])).toMatchObject({ status: 403 });
  // The key's name must be the log's: else one log could vouch for another.
  const named = signingKey('bank/log/9', newSeed(), 0x01);
  const request = addCheckpointText({
    oldSize: 0,
    proof: [],
    note: new TestLog('bank/log/1').grow(1).note(1, named),
  });
  expect(await witness.add(request, [new TestLog('bank/log/9').keyText])).toMatchObject({ status: 404 });
});

test('each log is held by itself', async () => {
  const { witness } = await fresh();
  for (const origin of ['bank/log/0', 'bank/log/1']) {
    const log = new TestLog(origin).grow(3);
    expect(await witness.add(await log.request(0), [log.keyText])).toMatchObject({ status: 200 });
    expect(await witness.add(await log.request(0), [log.keyText])).toMatchObject({
      status: 409,
      body: '3\n',
    });
  }
});

test('a damaged record stops countersigning: it is never taken for a log that is new', async () => {
  const { folder, witness } = await fresh();
  const log = new TestLog('bank/log/0').grow(3);
  await witness.add(await log.request(0), [log.keyText]);
  const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('log-'));
  for (const text of [
    '',
    '{}',
    readFileSync(join(folder, file), 'utf8').replace('bank/log/0', 'bank/log/7'),
  ]) {
    writeFileSync(join(folder, file), text);
    const answer = await witness.add(await log.request(0), [log.keyText]);
    expect(answer).toMatchObject({ status: 500, body: expect.stringContaining('is damaged') });
  }
});

test('of requests at one time, no two contradict each other', async () => {
  const { witness } = await fresh();
  const log = new TestLog('bank/log/0').grow(4);
  await witness.add(await log.request(0), [log.keyText]);
  const [a, b] = [log.fork(4).grow(8, 'a'), log.fork(4).grow(8, 'b')];
  const answers = await Promise.all([witness.add(await a.request(4)), witness.add(await b.request(4))]);
  expect(answers.map(({ status }) => status)).toEqual([200, 409]);
});

test('whatever is sent gets an answer, and only a proven extension is countersigned', async () => {
  const { witness } = await fresh();
  const log = new TestLog('bank/log/0').grow(20);
  await witness.add(await log.request(0, 5), [log.keyText]);
  const good = await log.request(5, 9);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.string({ maxLength: 3 }), async (at, text) => {
      const changed = good.slice(0, at) + text + good.slice(at + 1);
      fc.pre(changed !== good);
      const { status } = await witness.add(changed);
      // Only the first change can have hit what is not signed: a line of an unknown key's, or a blank.
      expect([400, 403, 404, 409, 422]).toContain(status);
    }),
    { numRuns: 300 },
  );
  expect(await witness.add(good)).toMatchObject({ status: 200 });
});
