import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { pageHtml } from '../../packages/shared/page/build.ts';
import { type Written, writeExport } from './export.ts';

const run = promisify(execFile);
const COMMAND = fileURLToPath(new URL('../../packages/shared/src/verify/main.ts', import.meta.url));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
];
const ENTRIES = 'entries/000000000000.ndjson';

let work: string;
let address: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let genuine: Written;
let tampered: string;
/** What the page complained of, and what it asked of any network. */
let complaints: string[];

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'sallyport-page-'));
  writeFileSync(join(work, 'verify.html'), await pageHtml());
  address = pathToFileURL(join(work, 'verify.html')).href;
  genuine = writeExport(join(work, 'genuine'), 500);
  tampered = join(work, 'tampered');
  cpSync(genuine.folder, tampered, { recursive: true });
  const text = readFileSync(join(tampered, ENTRIES), 'utf8');
  writeFileSync(join(tampered, ENTRIES), text.replace('"robot-42"', '"robot-43"'));
  browser = await chromium.launch({ executablePath: browserAt(), args: FLAGS });
});

afterAll(async () => {
  await browser?.close();
  rmSync(work, { recursive: true });
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1000, height: 900 } });
  page = await context.newPage();
  complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  context.on('request', (request) => {
    if (!/^(file|blob):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(address);
});

afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

/** Debian's chromium, or the one that is named. */
function browserAt(): string {
  const found = [process.env.SALLYPORT_TEST_BROWSER, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (found === undefined)
    throw new Error('there is no browser: apt-get install chromium, or name one in SALLYPORT_TEST_BROWSER');
  return found;
}

/** The export as a `.tar` file. */
async function tarOf(folder: string): Promise<string> {
  const tar = `${folder}.tar`;
  const names = [
    'MANIFEST.json',
    'keys.txt',
    'checkpoints.ndjson',
    ENTRIES,
    ENTRIES.replace('ndjson', 'hashes'),
  ];
  await run('tar', ['--format=ustar', '-cf', tar, '-C', folder, ...names]);
  return tar;
}

/** What the command says of the same. */
async function command(...args: string[]): Promise<string> {
  const told = await run(process.execPath, [COMMAND, ...args]).catch((failed: { stderr: string }) => failed);
  return 'stdout' in told && told.stdout !== '' ? told.stdout : told.stderr;
}

/** What stands in the result, without what only makes it readable. */
async function said(): Promise<string> {
  await page.locator('#heading').waitFor();
  return (await page.locator('#result').innerText()).replace(/[ \t]*\n\s*/g, '\n');
}

/** Each line of the command stands on the page. */
async function expectSame(commands: string): Promise<void> {
  const shown = await said();
  for (const line of commands.split('\n').map((each) => each.replace(/^[ -]*(sallyport-verify: )?/, '')))
    if (line !== 'NOT PROVEN BY THIS:') expect(shown).toContain(line);
}

async function shot(name: string): Promise<void> {
  const folder = process.env.SALLYPORT_TEST_SHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

test('a chosen folder is proven, in the words of the command', async () => {
  await page.setInputFiles('#folder', genuine.folder);
  expect(await page.locator('#choice').innerText()).toMatch(/^Chosen: genuine \(5 files, [\d,]+ bytes\)\.$/);
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
  expect(await focused()).toBe('verify');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  expect(await focused()).toBe('anchors');
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('Tab');
  expect(await focused()).toBe('verify');
  await page.keyboard.press('Enter');
  await page.locator('#result.proven').waitFor();
  expect(await focused()).toBe('heading');
});

async function focused(): Promise<string> {
  return await page.evaluate('document.activeElement.id');
}

test('without an export it says what to do', async () => {
  await page.click('#verify');
  expect(await page.locator('#choice').innerText()).toBe('Choose an export first: a folder, or a .tar file.');
  expect(await focused()).toBe('folder');
});

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
  complaints = [];
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
