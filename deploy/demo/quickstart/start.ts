import { wordsOf } from './errors.ts';
import { Progress } from './progress.ts';
import { QuickStart } from './run.ts';
import { readSettings } from './settings.ts';
import { listenForStop } from './stopping.ts';

// `pnpm start`: everything on this machine, for a first look (DESIGN.md §10).

const progress = new Progress(process.stdout);
process.exitCode = await main();
// Nothing of ours is left to wait for; what still holds the loop (a broken pipe, a watcher) must not hold the shell.
process.exit();

async function main(): Promise<number> {
  try {
    const settings = readSettings(process.env);
    const stopping = listenForStop(settings.launched);
    const quickStart = new QuickStart(settings, progress, stopping);
    progress.line(`\n  Sallyport quick start, data in ${settings.dataDir}\n`);
    try {
      await quickStart.bringUp();
      // Without this the loop could run dry: its timers and watchers don't hold it.
      await untilAborted(stopping.stop);
    } catch (error) {
      if (!stopping.stop.aborted) {
        progress.line(`\n  ${wordsOf(error).replaceAll('\n', '\n  ')}\n`);
        await quickStart.takeDown();
        return 1;
      }
    }
    progress.line(`\n  Stopping (${stopping.reason()}) …`);
    await quickStart.takeDown();
    progress.line('  Stopped. The data stays; pnpm start goes on with it.');
    return 0;
  } catch (error) {
    progress.line(`\n  ${wordsOf(error).replaceAll('\n', '\n  ')}\n`);
    return 1;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const holdLoop = setInterval(() => undefined, 60_000);
    const done = (): void => {
      clearInterval(holdLoop);
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
