import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { pageHtml } from '../../packages/shared/page/build.ts';
import { type Written, writeExport } from './export.ts';

// Whoever imports this gets a browser, and for each test a new page that must not complain and asks nobody.

const run = promisify(execFile);
const COMMAND = fileURLToPath(new URL('../../packages/shared/src/verify/main.ts', import.meta.url));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
];
const ENTRIES = 'entries/000000000000.ndjson';

export let work: string;
let address: string;
let browser: Browser;
export let context: BrowserContext;
export let page: Page;
export let genuine: Written;
export let tampered: string;
/** What the page complained of, and what it asked of any network. */
export let complaints: string[];

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
export async function tarOf(folder: string): Promise<string> {
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
export async function command(...args: string[]): Promise<string> {
  const told = await run(process.execPath, [COMMAND, ...args]).catch((failed: { stderr: string }) => failed);
  return 'stdout' in told && told.stdout !== '' ? told.stdout : told.stderr;
}

/** What stands in the result, without what only makes it readable. */
export async function said(): Promise<string> {
  await page.locator('#heading').waitFor();
  return String(await page.evaluate(`document.getElementById('result').innerText`)).replace(
    /[ \t]*\n\s*/g,
    '\n',
  );
}

/** Each line of the command stands on the page. */
export async function expectSame(commands: string): Promise<void> {
  const shown = await said();
  for (const line of commands.split('\n').map((each) => each.replace(/^[ -]*(sallyport-verify: )?/, '')))
    if (line !== 'NOT PROVEN BY THIS:') expect(shown).toContain(line);
}

/** A picture, where a folder for them is named. */
export async function shot(name: string): Promise<void> {
  const folder = process.env.SALLYPORT_TEST_SHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** The id of what has the focus. */
export async function focused(): Promise<string> {
  return await page.evaluate('document.activeElement.id');
}
