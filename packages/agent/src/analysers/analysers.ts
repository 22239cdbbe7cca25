import {
  ANALYSED_MAX_CHARACTERS,
  ANALYSER_BATCH_MAX_CHARACTERS,
  ANALYSER_REQUESTS_MAX,
  ANALYSER_WAITING_MAX,
} from '../limits.ts';
import { AnalyserError } from './errors.ts';
import { Turnstile } from './turnstile.ts';
import type { Analyser, Span } from './types.ts';

/** One analyser of agent.yaml. `H` is how its headers are written there. */
export type AnalyserDefinition<H = unknown> =
  | {
      readonly type: 'presidio';
      readonly url: string;
      readonly language: string;
      readonly headers: H;
      readonly batch: boolean;
      readonly timeoutMs: number;
    }
  | {
      readonly type: 'plugin';
      readonly module: string;
      readonly settings: unknown;
      readonly memoryMb: number;
      readonly timeoutMs: number;
    };

interface Open<H> {
  readonly definition: AnalyserDefinition<H>;
  /** Opened with its first text: what it needs is loaded by agents that have one only. */
  analyser: Promise<Analyser> | undefined;
  readonly turnstile: Turnstile;
}

/** The analysers of agent.yaml: names and places are found outside this process or in a thread of its own. */
export class Analysers<H> {
  readonly #resolveHeaders: (headers: H) => Record<string, string>;
  readonly #open = new Map<string, Open<H>>();

  constructor(resolveHeaders: (headers: H) => Record<string, string>) {
    this.#resolveHeaders = resolveHeaders;
  }

  /** Takes up agent.yaml: what has changed is opened anew. */
  use(definitions: ReadonlyMap<string, AnalyserDefinition<H>>): void {
    for (const [name, { definition, analyser }] of this.#open) {
      if (JSON.stringify(definitions.get(name)) === JSON.stringify(definition)) continue;
      this.#open.delete(name);
      void closed(analyser);
    }
    for (const [name, definition] of definitions) {
      if (this.#open.has(name)) continue;
      this.#open.set(name, {
        definition,
        analyser: undefined,
        turnstile: new Turnstile(ANALYSER_REQUESTS_MAX, ANALYSER_WAITING_MAX),
      });
    }
  }

  /**
   * Has one analyser read the texts of one message, in batches. One list of spans for each text, in order.
   * @throws AnalyserError whenever it is not certain that all were read
   */
  async analyse(name: string, texts: readonly string[], entities: readonly string[]): Promise<Span[][]> {
    const open = this.#open.get(name);
    if (open === undefined) {
      const words = `agent.yaml has no analyser named ${name}; add it under "analysers"`;
      throw new AnalyserError('unknown_analyser', words);
    }
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    if (characters > ANALYSED_MAX_CHARACTERS) {
      const words = `the texts of one message have ${characters} characters; analysers read up to ${ANALYSED_MAX_CHARACTERS}`;
      throw new AnalyserError('message_too_large', words);
    }
    open.analyser ??= this.#create(name, open.definition);
    const { turnstile } = open;
    const signal = AbortSignal.timeout(open.definition.timeoutMs);
    try {
      const analyser = await open.analyser;
      const found = await Promise.all(
        batches(texts, analyser.batchMax).map((batch) =>
          turnstile.pass(() => {
            signal.throwIfAborted();
            return analyser.analyse(batch, entities, signal);
          }),
        ),
      );
      return found.flat();
    } catch (cause) {
      if (!signal.aborted) throw cause;
      const words = `the analyser ${name} took longer than ${open.definition.timeoutMs} ms`;
      throw new AnalyserError('analyser_slow', words, { cause });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ analyser }) => closed(analyser)));
  }

  async #create(name: string, definition: AnalyserDefinition<H>): Promise<Analyser> {
    if (definition.type === 'plugin') {
      const { PluginAnalyser } = await import('./plugin.ts');
      return new PluginAnalyser({ name, ...definition });
    }
    const { PresidioAnalyser } = await import('./presidio.ts');
    const { headers, ...rest } = definition;
    return new PresidioAnalyser({ name, ...rest, headers: () => this.#resolveHeaders(headers) });
  }
}

async function closed(analyser: Promise<Analyser> | undefined): Promise<void> {
  await (await analyser)?.close();
}

function batches(texts: readonly string[], textsMax: number): string[][] {
  const made: string[][] = [];
  let characters = 0;
  for (const text of texts) {
    const last = made.at(-1);
    characters += text.length;
    if (last === undefined || last.length >= textsMax || characters > ANALYSER_BATCH_MAX_CHARACTERS) {
      made.push([text]);
      characters = text.length;
    } else last.push(text);
  }
  return made;
}
