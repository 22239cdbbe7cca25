import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeExport } from './export.ts';
import {
  command,
  context,
  expectSame,
  focused,
  genuine,
  page,
  said,
  shot,
  tampered,
  tarOf,
  work,
} from './opened.ts';

test('a chosen folder is proven, in the words of the command', async () => {
  await page.setInputFiles('#folder', genuine.folder);
  expect(await page.locator('#choice').textContent()).toMatch(
    /^Chosen: genuine \(5 files, [\d,]+ bytes\)\.$/,
  );
  await shot('chosen');
  await page.click('#verify');
  await expectSame(await command(genuine.folder));
  expect(await page.locator('#result').getAttribute('class')).toBe('proven');
  await shot('proven');
});

test('an edited entry is named with its file and seq', async () => {
  await page.setInputFiles('#folder', tampered);
  await page.click('#verify');
  await expectSame(await command(tampered));
  expect(await said()).toMatch(
    /File\nentries\/000000000000\.ndjson\nEntry\n42\nProblem\nits text is not the one/,
  );
  await shot('unproven');
});

test('a .tar file does as well, with the keys from elsewhere; those of another log are not taken', async () => {
  const tar = await tarOf(genuine.folder);
  await page.setInputFiles('#tar', tar);
  await page.fill('#keys', genuine.keys.join('\n'));
  await page.click('#verify');
  await expectSame(await command(tar, ...genuine.keys.flatMap((key) => ['--key', key])));
  expect(await said()).toContain('signed by the keys you gave');
  const other = writeExport(join(work, 'other'), 10);
  await page.fill('#keys', other.keys.join('\n'));
  await page.click('#verify');
  await page.locator('#result.unproven').waitFor();
  expect(await said()).toContain('no key of the log has signed it');
});

test('what was kept elsewhere, a policy and authorities are looked at', async () => {
  const kept = join(work, 'kept.txt');
  const [line = ''] = readFileSync(join(genuine.folder, 'checkpoints.ndjson'), 'utf8').split('\n');
  writeFileSync(kept, JSON.parse(line).note);
  await page.setInputFiles('#folder', genuine.folder);
  await page.setInputFiles('#anchors', kept);
  await page.click('#verify');
  expect(await said()).toContain('1 checkpoints kept elsewhere agree, up to entry 99');
  const policy = join(work, 'policy.txt');
  writeFileSync(policy, 'agents any 1\nquorum any\n');
  await page.setInputFiles('#policy', policy);
  await page.click('#verify');
  await page.locator('#result.unproven').waitFor();
  expect(await said()).toContain('--policy: entry 0: the quorum "any" has countersigned no checkpoint');
  await page.setInputFiles('#policy', []);
  await page.setInputFiles('#tsa-ca', policy);
  await page.click('#verify');
  await page.locator('#result.unproven >> text=holds no certificate').first().waitFor();
});

test('a folder, its files and a .tar file can be dropped anywhere on the page', async () => {
  const tar = await tarOf(genuine.folder);
  for (const [files, shown] of [
    [[genuine.folder], /^Chosen: genuine \(5 files/],
    [[tar], /^Chosen: genuine\.tar \(1 file,/],
    [
      readdirSync(genuine.folder).map((name) => join(genuine.folder, name)),
      /^Chosen: 4 files and folders \(5 files/,
    ],
  ] as const) {
    await drop(files);
    await page.locator('#choice').filter({ hasText: shown }).waitFor();
    await page.click('#verify');
    await page.locator('#result.proven').waitFor();
  }
});

/** Drops files of this machine on the middle of the page, as a person does with a mouse. */
async function drop(files: readonly string[]): Promise<void> {
  const devtools = await context.newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, x: 500, y: 450, data });
}

test('the keyboard is enough', async () => {
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('folder');
  const choosing = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await (await choosing).setFiles(genuine.folder);
  await page.locator('#choice').filter({ hasText: 'Chosen' }).waitFor();
  for (const next of ['tar', 'keys', 'policy', 'anchors', 'anchor-folder', 'tsa-ca', 'verify']) {
    await page.keyboard.press('Tab');
    expect(await focused()).toBe(next);
  }
  await page.keyboard.press('Enter');
  await page.locator('#result.proven').waitFor();
  expect(await focused()).toBe('heading');
});

test('without an export it says what to do', async () => {
  await page.click('#verify');
  expect(await page.locator('#choice').textContent()).toBe(
    'Choose an export first: a folder, or a .tar file.',
  );
  expect(await focused()).toBe('folder');
});
