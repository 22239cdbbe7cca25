import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The verifier is the command's own; what Node gives it comes from files of the page. Nothing else of Node is there. */
const inBrowsers: Plugin = {
  name: 'in browsers',
  setup(context) {
    context.onResolve({ filter: /^node:crypto$/ }, () => ({ path: here('crypto.ts') }));
    context.onResolve({ filter: /\/ed25519\.ts$/ }, () => ({ path: here('ed25519.ts') }));
  },
};

/** One script, and the files it is made of. */
export interface Script {
  readonly text: string;
  /** From the workspace's root. */
  readonly inputs: readonly string[];
}

/** Bundles a file of the page into one script that needs a browser and nothing else. */
export async function scriptOf(
  entry: 'page.ts' | 'worker.ts',
  define: Readonly<Record<string, string>> = {},
): Promise<Script> {
  const { outputFiles, metafile } = await build({
    entryPoints: [here(entry)],
    absWorkingDir: here('../../..'),
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    // Licences of what is in it stay in it.
    legalComments: 'inline',
    inject: entry === 'page.ts' ? [] : [here('buffer.ts')],
    plugins: [inBrowsers],
    define: { ...define },
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { text: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
}

/** The whole page, in one file. */
export async function pageHtml(): Promise<string> {
  const worker = await scriptOf('worker.ts');
  const page = await scriptOf('page.ts', { WORKER: JSON.stringify(worker.text) });
  // A browser ends a script at these letters, also within a text of it.
  const script = page.text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = await readFile(here('page.css'), 'utf8');
  const policy = [
    "default-src 'none'",
    `script-src '${digestOf(script)}'`,
    `style-src '${digestOf(style)}'`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const parts: Readonly<Record<string, string>> = { policy, script, style };
  const html = await readFile(here('page.html'), 'utf8');
  return html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '');
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(here('../dist'), { recursive: true });
  await writeFile(here('../dist/verify.html'), await pageHtml());
}
