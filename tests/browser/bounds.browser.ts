import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeExport } from './export.ts';
import { complaints, context, focused, genuine, page, said, shot, tampered, work } from './opened.ts';

test('everything fits on a phone, in light and dark, and each field has a name', async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const folder of [genuine.folder, tampered]) {
      await page.setInputFiles('#folder', folder);
      await page.click('#verify');
      await said();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
      await shot(`phone-${colorScheme}-${folder === tampered ? 'unproven' : 'proven'}`);
    }
  }
  const unnamed = `[...document.querySelectorAll('input, textarea, progress')].filter((field) => field.labels.length === 0).length`;
  expect(await page.evaluate(unnamed)).toBe(0);
});

test('the page can not reach a network, and runs no script but its own', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('Access-Control-Allow-Origin', '*').end('ok');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tries = `(async () => {
    const to = 'http://127.0.0.1:${port}/';
    const failed = [];
    await fetch(to + 'fetch').catch(() => failed.push('fetch'));
    const image = new Image();
    await new Promise((resolve) => { image.onerror = resolve; image.src = to + 'image'; });
    failed.push('image');
    const script = document.createElement('script');
    script.textContent = 'globalThis.ran = true';
    document.body.append(script);
    navigator.sendBeacon(to + 'beacon');
    const code = 'onmessage = () => fetch("' + to + 'worker").catch(() => postMessage("failed"))';
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    await new Promise((resolve) => { worker.onmessage = resolve; worker.postMessage(''); });
    failed.push('worker');
    return { failed, ran: globalThis.ran === true };
  })()`;
  expect(await page.evaluate(tries)).toEqual({ failed: ['fetch', 'image', 'worker'], ran: false });
  expect(asked).toEqual([]);
  // The server is there: a page without the policy reaches it.
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${port}/`);
  expect(asked).toContain('/');
  server.close();
  server.closeAllConnections();
  expect(complaints.length).toBeGreaterThan(0);
  complaints.length = 0;
});

test('text of an export can not look like the page’s own', async () => {
  const forged = join(work, 'forged');
  cpSync(genuine.folder, forged, { recursive: true });
  writeFileSync(join(forged, 'keys.txt'), '<img src=x onerror=alert(1)>\u202eNEVORP\n');
  const manifest = JSON.parse(readFileSync(join(forged, 'MANIFEST.json'), 'utf8'));
  manifest.files = manifest.files.filter(({ path }: { path: string }) => path !== 'keys.txt');
  writeFileSync(join(forged, 'MANIFEST.json'), JSON.stringify(manifest));
  rmSync(join(forged, 'keys.txt'));
  manifest.origin = '<b>\u202eNEVORP';
  writeFileSync(join(forged, 'MANIFEST.json'), JSON.stringify(manifest));
  await page.setInputFiles('#folder', forged);
  await page.fill('#keys', genuine.keys.join('\n'));
  await page.click('#verify');
  expect(await said()).toContain('this export is of <b>[U+202E]NEVORP');
});

test('a large export does not freeze the page, and can be stopped', async () => {
  const large = writeExport(join(work, 'large'), 60_000);
  await page.setInputFiles('#folder', large.folder);
  await page.evaluate(`globalThis.longest = 0; globalThis.last = performance.now(); setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 20)`);
  await page.click('#verify');
  await page
    .locator('#doing')
    .filter({ hasText: /Read [1-9]/ })
    .waitFor();
  expect(await focused()).toBe('stop');
  await shot('working');
  await page.keyboard.press('Enter');
  expect(await page.locator('#choice').textContent()).toBe('Stopped. Nothing was said of large.');
  expect(await page.locator('#result').isVisible()).toBe(false);
  await page.click('#verify');
  await page.locator('#result.proven').waitFor();
  // The work takes seconds; none of it is done where the page lives.
  expect(await page.evaluate('longest')).toBeLessThan(500);
});

test('a file that changes after it was chosen is not proven', async () => {
  const changing = join(work, 'changing');
  cpSync(genuine.folder, changing, { recursive: true });
  await page.setInputFiles('#folder', changing);
  writeFileSync(join(changing, 'keys.txt'), 'changed\n');
  await page.click('#verify');
  await page.locator('#result.unproven').waitFor();
  expect(await said()).toMatch(/NOT PROVEN: keys\.txt: it (cannot be read|has 8 bytes)/);
});

test('a browser that can not run the verifier says nothing of the export', async () => {
  await page.evaluate('delete globalThis.Worker');
  await page.setInputFiles('#folder', genuine.folder);
  await page.click('#verify');
  await page.locator('#result.broken').waitFor();
  expect(await said()).toMatch(/Not verified[\s\S]*Nothing was found out about the export/);
});
