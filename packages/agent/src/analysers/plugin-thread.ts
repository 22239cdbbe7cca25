import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** What the operator's module exports (docs/MASKING.md). */
interface Plugin {
  /** Called once, with `settings` of agent.yaml. */
  open?(settings: unknown): Promise<void> | void;
  analyse(texts: readonly string[], entities: readonly string[]): unknown;
}

interface Question {
  readonly id: number;
  readonly texts: readonly string[];
  readonly entities: readonly string[];
}

// Cast: this thread is started by plugin.ts alone, which gives these.
const { module, settings } = workerData as { module: string; settings: unknown };
const port = parentPort;
if (port === null) throw new Error('this file runs in a thread of its own');

const opened = open();
// Told with every question; here it only must not end the thread.
opened.catch(() => undefined);
port.on('message', (question: Question) => void answer(question));

async function open(): Promise<Plugin> {
  const plugin: unknown = await import(pathToFileURL(module).href);
  if (!isPlugin(plugin)) throw new Error('the module exports no function "analyse"');
  await plugin.open?.(settings);
  return plugin;
}

function isPlugin(value: unknown): value is Plugin {
  return (
    typeof value === 'object' && value !== null && 'analyse' in value && typeof value.analyse === 'function'
  );
}

async function answer({ id, texts, entities }: Question): Promise<void> {
  try {
    const plugin = await opened;
    port?.postMessage({ id, answer: await plugin.analyse(texts, entities) });
  } catch (thrown) {
    port?.postMessage({ id, problem: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}
