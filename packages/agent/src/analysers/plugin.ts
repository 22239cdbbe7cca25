import { Worker } from 'node:worker_threads';
import { errorText } from '@sallyport/shared/errors';
import { ANALYSER_BATCH_MAX_TEXTS } from '../limits.ts';
import { readAnswer } from './answer.ts';
import { AnalyserError } from './errors.ts';
import type { Analyser, Span } from './types.ts';

/** Beside this file, built or not. */
const THREAD = new URL(`./plugin-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export interface PluginOptions {
  readonly name: string;
  readonly module: string;
  readonly settings: unknown;
  readonly memoryMb: number;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What the worker says: an answer, or in words why there is none. */
interface Said {
  readonly id: number;
  readonly answer?: unknown;
  readonly problem?: string;
}

/**
 * A module that the operator brings, such as one that runs an ONNX model, in a thread of its own: its work stalls
 * nobody, its memory is bounded, and one that hangs is ended with its thread.
 */
export class PluginAnalyser implements Analyser {
  readonly batchMax = ANALYSER_BATCH_MAX_TEXTS;
  readonly #options: PluginOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(options: PluginOptions) {
    this.#options = options;
  }

  async analyse(
    texts: readonly string[],
    entities: readonly string[],
    signal: AbortSignal,
  ): Promise<Span[][]> {
    const worker = this.#open();
    this.#lastId += 1;
    const id = this.#lastId;
    // A thread that is busy can't be told to stop; a new one begins with the next request.
    const onAbort = (): void => this.#end(worker, signal.reason as Error);
    try {
      const answer = await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        signal.addEventListener('abort', onAbort, { once: true });
        worker.postMessage({ id, texts, entities });
      });
      return readAnswer(answer, texts, { entity: 'entity', offsets: 'utf-16' });
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(id);
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #open(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { module, settings, memoryMb, name } = this.#options;
    const worker = new Worker(THREAD, {
      workerData: { module, settings },
      // The thread sees no variable of the agent: credentials are in them.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      name: `analyser-${name}`,
    });
    worker.unref();
    worker.on('message', (said: Said) => this.#said(said));
    worker.on('error', (cause) => this.#end(worker, failed(name, errorText(cause), cause)));
    worker.on('exit', () => this.#end(worker, failed(name, 'its thread has ended')));
    this.#worker = worker;
    return worker;
  }

  #said({ id, answer, problem }: Said): void {
    const waiting = this.#waiting.get(id);
    if (problem === undefined) waiting?.resolve(answer);
    else waiting?.reject(failed(this.#options.name, problem));
  }

  /** All that wait for a thread wait in vain once it ends. */
  #end(worker: Worker, why: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(why);
    void worker.terminate();
  }
}

function failed(name: string, why: string, cause?: unknown): AnalyserError {
  return new AnalyserError('analyser_failed', `the analyser ${name} failed (${why})`, { cause });
}
