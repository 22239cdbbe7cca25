import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Script, scriptOf } from '../../../shared/page/build.ts';
import type { Request, Told, Verdict } from '../../../shared/page/core.ts';

/** A thread that has what the worker of a page has, and nothing of Node. */
const BROWSER = `
  const { parentPort } = require('node:worker_threads');
  globalThis.postMessage = (told) => parentPort.postMessage(told);
  parentPort.on('message', (data) => globalThis.onmessage({ data }));
  for (const name of ['Buffer', 'process', 'global', 'setImmediate']) delete globalThis[name];
`;
const WITHOUT_WEB_CRYPTO = 'delete globalThis.crypto;';

let script: Promise<Script> | undefined;

/**
 * What the page says of what the command is asked with these arguments: its own worker, as it is built for browsers.
 */
export async function verifyInPage(
  args: readonly string[],
  { webCrypto = true }: { readonly webCrypto?: boolean } = {},
): Promise<Verdict> {
  script ??= scriptOf('worker.ts');
  const { text } = await script;
  const worker = new Worker(`${BROWSER}${webCrypto ? '' : WITHOUT_WEB_CRYPTO}(() => {${text}})();`, {
    eval: true,
  });
  try {
    worker.postMessage(await requestFor(args));
    return await new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (told: Told) => {
        if (told.is === 'verdict') resolve(told.verdict);
        else if (told.is === 'broken') reject(new Error(told.problem));
      });
    });
  } finally {
    await worker.terminate();
  }
}

async function requestFor(args: readonly string[]): Promise<Request> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true },
      policy: { type: 'string' },
      anchor: { type: 'string', multiple: true },
      'tsa-ca': { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const [exported = ''] = positionals;
  const { policy, anchor = [], 'tsa-ca': tsaCa } = values;
  return {
    files: exported.endsWith('.tar') ? { tar: await blobOf(exported) } : { folder: await blobsIn(exported) },
    keys: values.key ?? [],
    anchors: await Promise.all(anchor.map(async (name) => ({ name, files: await blobsAt(name) }))),
    ...(policy === undefined ? {} : { policy: await blobOf(policy) }),
    ...(tsaCa === undefined ? {} : { tsaCa: await blobOf(tsaCa) }),
  };
}

/** The report as the command prints it. */
export function textOf(verdict: Verdict): string {
  if (!verdict.proven) return `sallyport-verify: NOT PROVEN: ${verdict.line}\n`;
  const { heading, proven, open } = verdict.report;
  const lines = proven.flatMap(({ text, more }) => [`  ${text}`, ...more.map((each) => `    ${each}`)]);
  return [heading, ...lines, 'NOT PROVEN BY THIS:', ...open.map((what) => `  - ${what}`), ''].join('\n');
}

async function blobOf(name: string) {
  return { name, blob: new Blob([await readFile(name)]) };
}

async function blobsAt(path: string) {
  if (!(await stat(path)).isDirectory()) return [await blobOf(path)];
  const inIt = await blobsIn(path);
  return inIt.map(({ name, blob }) => ({ name: join(path, name), blob }));
}

/** Of a folder, with paths from it. */
async function blobsIn(folder: string) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return await Promise.all(
    paths
      .toSorted()
      .map(async (path) => ({ name: path.slice(folder.length + 1), blob: new Blob([await readFile(path)]) })),
  );
}
