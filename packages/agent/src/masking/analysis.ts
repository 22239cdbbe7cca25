import { errorText } from '@sallyport/shared/errors';
import {
  type Analysed,
  type AnalysedSpan,
  type MaskingPlan,
  textsToAnalyse,
} from '@sallyport/shared/masking';
import type { Logger } from '../telemetry/index.ts';

/** Has an analyser read texts; one list of spans for each. Throws where it is not certain that all were read. */
export type Analyse = (
  analyser: string,
  texts: readonly string[],
  entities: readonly string[],
) => Promise<readonly (readonly Omit<AnalysedSpan, 'analyser'>[])[]>;

/**
 * Has a message's texts read by all analysers of its plan.
 *
 * @returns undefined where one could not: masking without it withholds the message
 */
export async function analyseMessage(
  raw: Uint8Array,
  plan: MaskingPlan,
  analyse: Analyse,
  log: Logger,
): Promise<Analysed | undefined> {
  const read = textsToAnalyse(raw, plan);
  // Why it can't be read is said by masking it.
  if ('refused' in read) return undefined;
  const { texts } = read;
  const analysed = new Map<string, AnalysedSpan[]>(texts.map((text) => [text, []]));
  if (texts.length === 0) return analysed;
  try {
    await Promise.all(
      [...plan.analysers].map(async ([analyser, byEntity]) => {
        const found = await analyse(analyser, texts, [...byEntity.keys()]);
        for (const [index, text] of texts.entries()) {
          for (const span of found[index] ?? []) analysed.get(text)?.push({ ...span, analyser });
        }
      }),
    );
    return analysed;
  } catch (thrown) {
    log.error('a message could not be analysed and is withheld', { why: errorText(thrown) });
    return undefined;
  }
}
