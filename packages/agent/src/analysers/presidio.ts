import { errorText } from '@sallyport/shared/errors';
import { Agent, request } from 'undici';
import { ANALYSER_ANSWER_MAX_BYTES, ANALYSER_BATCH_MAX_TEXTS, CONNECT_TIMEOUT_MS } from '../limits.ts';
import { readAnswer } from './answer.ts';
import { AnalyserError } from './errors.ts';
import type { Analyser, Span } from './types.ts';

export interface PresidioOptions {
  readonly name: string;
  readonly url: string;
  readonly language: string;
  readonly batch: boolean;
  /** Read at each request, so that a rotated credential is taken up. */
  readonly headers: () => Record<string, string>;
}

/** A Presidio analyser over HTTP (presidio-analyzer, POST /analyze), or what answers like one. */
export class PresidioAnalyser implements Analyser {
  readonly batchMax: number;
  readonly #options: PresidioOptions;
  readonly #agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, pipelining: 1 });

  constructor(options: PresidioOptions) {
    this.#options = options;
    this.batchMax = options.batch ? ANALYSER_BATCH_MAX_TEXTS : 1;
  }

  async analyse(
    texts: readonly string[],
    entities: readonly string[],
    signal: AbortSignal,
  ): Promise<Span[][]> {
    const { batch, language } = this.#options;
    const answer = await this.#post({ text: batch ? texts : texts[0], language, entities }, signal);
    return readAnswer(batch ? answer : [answer], texts, { entity: 'entity_type', offsets: 'code-points' });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(body: unknown, signal: AbortSignal): Promise<unknown> {
    const { name, url, headers } = this.#options;
    let status: number;
    let bytes: Buffer;
    try {
      // Redirects are not followed: texts go where agent.yaml says and nowhere else.
      const answer = await request(url, {
        method: 'POST',
        headers: { ...headers(), 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
        dispatcher: this.#agent,
        signal,
      });
      status = answer.statusCode;
      bytes = await bounded(answer.body);
    } catch (cause) {
      if (cause instanceof AnalyserError || signal.aborted) throw cause;
      throw new AnalyserError(
        'analyser_unreachable',
        `the analyser ${name} can't be reached (${errorText(cause)})`,
        { cause },
      );
    }
    if (status !== 200) {
      throw new AnalyserError('analyser_failed', `the analyser ${name} answered with HTTP ${status}`);
    }
    try {
      return JSON.parse(bytes.toString('utf8')) as unknown;
    } catch (cause) {
      throw new AnalyserError('answer_malformed', `the analyser ${name} did not answer with JSON`, { cause });
    }
  }
}

async function bounded(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of body) {
    sizeBytes += part.length;
    if (sizeBytes > ANALYSER_ANSWER_MAX_BYTES) {
      throw new AnalyserError('answer_malformed', 'the analyser answered with more than it may');
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
