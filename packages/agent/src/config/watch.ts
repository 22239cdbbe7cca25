import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { CONFIG_POLL_MS, CONFIG_SETTLE_MS } from '../limits.ts';
import { parseConfig, type ReadConfig, readConfigText } from './read.ts';
import type { AgentConfig } from './types.ts';

export interface ConfigWatch {
  stop(): void;
}

/**
 * Watches agent.yaml and tells of each change of its text. A file that can't be read or is invalid is told as a
 * problem once, and what was valid last stays in force.
 *
 * The folder is watched, not the file, because editors and config maps replace the file; and the file is read
 * anew every CONFIG_POLL_MS, because network file systems tell nothing.
 */
export function watchConfig(
  file: string,
  last: ReadConfig,
  onChange: (config: AgentConfig) => void,
  onProblem: (words: string) => void,
): ConfigWatch {
  let text = last.text;
  let problem = '';
  let settle: NodeJS.Timeout | undefined;

  const look = (): void => {
    settle = undefined;
    try {
      const found = readConfigText(file);
      if (found === text) {
        problem = '';
        return;
      }
      text = found;
      const config = parseConfig(found, file);
      problem = '';
      onChange(config);
    } catch (thrown) {
      const words = errorText(thrown);
      if (words !== problem) onProblem(words);
      problem = words;
    }
  };

  let watcher: FSWatcher | undefined;
  try {
    const name = basename(file);
    watcher = watch(dirname(resolve(file)), { persistent: false }, (_kind, changed) => {
      if (changed !== null && changed !== name && !changed.startsWith('..')) return;
      settle ??= setTimeout(look, CONFIG_SETTLE_MS);
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    // No watches left on this host: the poll below still finds every change.
  }
  const poll = setInterval(look, CONFIG_POLL_MS);
  poll.unref();
  return {
    stop: () => {
      clearInterval(poll);
      clearTimeout(settle);
      watcher?.close();
    },
  };
}
