import { basename } from 'node:path';
import { LAUNCHER_POLL_MS } from './limits.ts';
import { commandOf, isAlive, parentOf, startMark } from './process-facts.ts';

interface Known {
  readonly pid: number;
  readonly mark: string;
}

/**
 * The package managers above us: our parent and up to the topmost npm, npx or pnpm. They may be killed without
 * passing a signal on, and whoever ended them meant us.
 *
 * A shell between them counts; a shell or program above them doesn't: it may end while we are wanted (a script that
 * starts us in the background).
 */
export function findLaunchers(pid: number): Known[] {
  const chain: (Known & { words: string[] })[] = [];
  for (let at = parentOf(pid); at !== undefined && at > 1; at = parentOf(at)) {
    const words = commandOf(at);
    // A program that is neither has managers above it for reasons of its own.
    if (!isPackageManager(words) && !isShell(words)) break;
    chain.push({ pid: at, mark: startMark(at), words });
  }
  const topmost = chain.findLastIndex((process) => isPackageManager(process.words));
  return chain.slice(0, topmost + 1).map(({ pid, mark }) => ({ pid, mark }));
}

function isShell([first = '']: readonly string[]): boolean {
  return /^-?(ba|da|a|z)?sh$/.test(basename(first));
}

/** Whether a command line is npm's, npx's or pnpm's own (not of a program that merely lives in their folders). */
export function isPackageManager(words: readonly string[]): boolean {
  // npm writes its title over its command line: "npm exec pnpm@12.21.0 start".
  const [first = '', second = ''] = words.length === 1 ? (words[0]?.split(' ') ?? []) : words;
  const name = /^node(js)?$/.test(basename(first)) ? basename(second) : basename(first);
  return /^(npm|npx|pnpm|pnpx|pn)(-cli)?(\.c?m?js|\.exe)?$/.test(name);
}

/** Calls `onGone` once when a launcher has ended. Returns how to stop watching. */
export function watchLaunchers(onGone: () => void): () => void {
  const launchers = findLaunchers(process.pid);
  const parent = process.ppid;
  const timer = setInterval(() => {
    const gone = launchers.some(({ pid, mark }) => !isAlive(pid) || startMark(pid) !== mark);
    if (!gone && process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, LAUNCHER_POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
