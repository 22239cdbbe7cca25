import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { FIRST_PREV, parseReceipt, receiptHash, receiptLine } from '@sallyport/shared/receipts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, transports } from 'winston';
import { Receipts } from '../../src/receipts/index.ts';
import { SeenCalls } from '../../src/receipts/seen.ts';

const log = createLogger({ silent: true, transports: [new transports.Console({ silent: true })] });
let stateDir: string;
const opened: Receipts[] = [];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sallyport-receipts-'));
});
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(stateDir, { recursive: true, force: true });
});

function open(segmentBytes?: number): Receipts {
  const receipts = new Receipts({
    stateDir,
    agent: 'tester',
    clock: systemClock,
    log,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  opened.push(receipts);
  return receipts;
}
const call = (name: string) => ({ call: `cal_${name}`, server: 'ledger', session: 'ses_1' });
const folder = () => join(stateDir, 'receipts', 'tester');
const files = () => readdirSync(folder()).sort();
const lines = () =>
  files().flatMap((file) => readFileSync(join(folder(), file), 'utf8').split('\n').slice(0, -1));

describe('receipts', () => {
  it('are on disk when a call may begin, each linked to the one before, and read again after a restart', async () => {
    const receipts = open();
    for (let i = 0; i < 50; i += 1) {
      expect(await receipts.begin(call(String(i)))).toBe(true);
      expect(lines()).toHaveLength(i + 1);
    }
    await Promise.all(Array.from({ length: 200 }, (_, i) => receipts.begin(call(`many-${i}`))));
    let prev = FIRST_PREV;
    for (const [n, line] of lines().entries()) {
      expect(parseReceipt(line)).toMatchObject({ n, prev, agent: 'tester', chain: receipts.chain });
      prev = receiptHash(line);
    }
    expect(receipts.head).toEqual({ n: 250, hash: prev });
    receipts.close();
    const again = open();
    expect(again.head).toEqual({ n: 250, hash: prev });
    expect(again.chain).toBe(receipts.chain);
  });

  it('refuse a repetition, at once, while the first is being written, and after a restart', async () => {
    const receipts = open();
    const both = await Promise.all([receipts.begin(call('a')), receipts.begin(call('a'))]);
    expect(both).toEqual([true, false]);
    expect(await receipts.begin(call('a'))).toBe(false);
    receipts.close();
    expect(await open().begin(call('a'))).toBe(false);
    expect(lines()).toHaveLength(1);
  });

  it('forget what was being written at a crash, and nothing else', async () => {
    const receipts = open();
    await receipts.begin(call('a'));
    receipts.close();
    const [file = ''] = files();
    appendFileSync(join(folder(), file), '{"agent":"tester","at":"20');
    const again = open();
    expect(again.head.n).toBe(1);
    expect(await again.begin(call('b'))).toBe(true);
    again.close();
    expect(open().head.n).toBe(2);
  });

  it.each([
    ['a changed line', (text: string) => text.replace('"server":"ledger"', '"server":"lodger"')],
    [
      'a removed line',
      (text: string) =>
        text
          .split('\n')
          .filter((_, i) => i !== 1)
          .join('\n'),
    ],
    ['an inserted line', (text: string) => `${text.split('\n').slice(0, 2).join('\n')}\n${text}`],
    [
      'turned lines',
      (text: string) => text.split('\n').slice(0, 3).reverse().concat(text.split('\n').slice(3)).join('\n'),
    ],
    ['another agent', (text: string) => text.replaceAll('"agent":"tester"', '"agent":"other"')],
    ['nonsense', () => 'nonsense\n'],
  ])('that are damaged by %s are not gone on with', async (_, damage) => {
    const receipts = open();
    for (const name of ['a', 'b', 'c', 'd']) await receipts.begin(call(name));
    receipts.close();
    const file = join(folder(), files()[0] ?? '');
    writeFileSync(file, damage(readFileSync(file, 'utf8')));
    expect(() => open()).toThrow(
      /is damaged: receipt \d+, or the one before it, is not what was written there/,
    );
  });

  it('that can not be written keep their calls from being executed, until a restart', async () => {
    const receipts = open(300);
    await receipts.begin(call('a'));
    await receipts.begin(call('b'));
    // Where the next file should be is a folder.
    mkdirSync(join(folder(), `${String(receipts.head.n).padStart(16, '0')}.ndjson`));
    await expect(receipts.begin(call('c'))).rejects.toMatchObject({ code: 'receipts_unwritable' });
    await expect(receipts.begin(call('d'))).rejects.toMatchObject({ code: 'receipts_unwritable' });
    expect(await receipts.begin(call('a'))).toBe(false);
    receipts.close();
    rmSync(join(folder(), `${String(receipts.head.n).padStart(16, '0')}.ndjson`), { recursive: true });
    const again = open(300);
    expect(again.head.n).toBe(2);
    expect(await again.begin(call('c'))).toBe(true);
  });

  it('are in several files, of which a missing one is noticed', async () => {
    const receipts = open(1_000);
    for (let i = 0; i < 40; i += 1) await receipts.begin(call(String(i)));
    expect(files().length).toBeGreaterThan(4);
    receipts.close();
    expect(open(1_000).head).toEqual(receipts.head);
    rmSync(join(folder(), files()[2] ?? ''));
    expect(() => open(1_000)).toThrow(/a file is missing/);
  });

  it('are handed over in pages behind what the gateway has; all of them where it knows another chain', async () => {
    const receipts = open(1_000);
    for (let i = 0; i < 40; i += 1) await receipts.begin(call(String(i)));
    const all = lines();
    expect(receipts.page('', 0).lines).toEqual(all);
    expect(receipts.page(receipts.chain, 17)).toEqual({
      chain: receipts.chain,
      head: receipts.head,
      lines: all.slice(17),
    });
    expect(receipts.page('rch_OTHER', 17).lines).toEqual(all);
    expect(receipts.page(receipts.chain, 40).lines).toEqual([]);
    expect(receipts.page(receipts.chain, 99).lines).toEqual([]);
  });
});

describe('a line of a receipt', () => {
  it('has one form: what is parsed is written again the same', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(
        fc.record({
          agent: text,
          at: text,
          call: text,
          chain: text,
          prev: text,
          server: text,
          session: text,
          n: fc.nat(),
        }),
        (receipt) => {
          const line = receiptLine(receipt);
          expect(parseReceipt(line)).toEqual(receipt);
          expect(parseReceipt(line.replace('{', '{ '))).toBeUndefined();
          expect(parseReceipt(`${line} `)).toBeUndefined();
        },
      ),
    );
    for (const bad of ['', 'null', '[]', '{}', '{"v":1}']) expect(parseReceipt(bad)).toBeUndefined();
  });
});

describe('ids that were seen', () => {
  it('are at least the last so many, in bounded memory', () => {
    const seen = new SeenCalls(100);
    for (let i = 0; i < 1_000; i += 1) {
      expect(seen.has(`cal_${i}`)).toBe(false);
      seen.add(`cal_${i}`);
      for (let before = Math.max(0, i - 99); before <= i; before += 1)
        expect(seen.has(`cal_${before}`)).toBe(true);
    }
    expect(seen.has('cal_1')).toBe(false);
  });
});
