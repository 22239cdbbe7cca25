import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's root. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One source file, with what it imports. */
export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** From the root, for relative imports. */
  readonly path: string | undefined;
  /** Only types: gone in the built program. */
  readonly typeOnly: boolean;
}

/** All TypeScript files below a folder of the workspace, without builds and generated files. */
export function sourcesOf(folder: string): Source[] {
  const found: Source[] = [];
  const walk = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        if (!['node_modules', 'dist', 'generated', '.turbo', '.sallyport'].includes(entry.name)) walk(path);
      } else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')) found.push(readSource(path));
    }
  };
  walk(join(ROOT, folder));
  return found;
}

// `import type {…} from`, `import {…} from`, `export {…} from`, `import(…)`, side-effect imports.
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?([^'";]*?)from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g;

function readSource(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(IMPORT)].map((match): Import => {
    const specifier = match[3] ?? match[4] ?? match[5] ?? '';
    const path = specifier.startsWith('.') ? relative(ROOT, resolve(dirname(file), specifier)) : undefined;
    const names = (match[2] ?? '')
      .replace(/[{}]/g, '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const typeOnly =
      match[1] !== undefined || (names.length > 0 && names.every((name) => name.startsWith('type ')));
    return { specifier, path: path?.split('\\').join('/'), typeOnly };
  });
  return {
    path: relative(ROOT, file).split('\\').join('/'),
    text,
    lines: text.split('\n').length - 1,
    imports,
  };
}

/** The room of a file of the gateway or the agent: the folder below src/, or '' for files at its top. */
export function roomOf(path: string): { pkg: string; room: string } | undefined {
  const match = /^packages\/([a-z]+)\/src\/(?:([a-z-]+)\/)?/.exec(path);
  return match === null ? undefined : { pkg: match[1] ?? '', room: match[2] ?? '' };
}
