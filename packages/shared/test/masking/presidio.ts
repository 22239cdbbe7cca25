import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePlan, type Finding, maskMessage } from '../../src/masking/index.ts';

/** One labelled span of a sentence in Presidio's synthetic data set. */
interface Span {
  readonly entity_type: string;
  readonly entity_value: string;
  readonly start_position: number;
  readonly end_position: number;
}

interface Sentence {
  readonly full_text: string;
  readonly spans: readonly Span[];
}

/** Counts of one entity over all sentences. */
export interface Score {
  readonly found: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

/** Their label and ours, and the detectors that count for it. */
const ENTITIES: readonly (readonly [string, string, readonly string[]])[] = [
  ['CREDIT_CARD', 'PAN', ['pan']],
  ['US_SSN', 'SSN', ['ssn', 'itin']],
  ['IBAN_CODE', 'IBAN', ['iban']],
  ['EMAIL_ADDRESS', 'EMAIL', ['email']],
  ['PHONE_NUMBER', 'PHONE', ['phone']],
  ['IP_ADDRESS', 'IP', ['ipv4', 'ipv6']],
  ['US_DRIVER_LICENSE', 'DRIVING_LICENCE', ['driving-licence', 'driving-licence-token']],
];

/** Where the data set is, undefined where it isn't. */
export function presidioFile(): string | undefined {
  const folders = [process.env.SALLYPORT_CORPORA, join(import.meta.dirname, '../../../../../shared/corpora')];
  for (const folder of folders) {
    const file =
      folder === undefined ? undefined : join(folder, 'presidio-research/data/synth_dataset_v2.json');
    if (file !== undefined && existsSync(file)) return file;
  }
  return undefined;
}

/**
 * Runs every detector over every sentence. A labelled value counts as found where nothing of it is left in the masked
 * text; a finding counts as wrong where its span touches no value of that label (other labels are other entities).
 */
export function measurePresidio(file: string): Map<string, Score> {
  const sentences = JSON.parse(readFileSync(file, 'utf8')) as readonly Sentence[];
  const scores = new Map<string, Score>();
  for (const [label, entity, detectors] of ENTITIES) {
    const plan = compilePlan({
      rules: [{ name: entity, match: { detectors }, action: { kind: 'redact' } }],
    });
    const score = { found: 0, missed: [] as string[], wrong: [] as string[] };
    for (const sentence of sentences) {
      const labelled = sentence.spans.filter((span) => span.entity_type === label);
      const message = {
        jsonrpc: '2.0',
        id: 1,
        result: { content: [{ type: 'text', text: sentence.full_text }] },
      };
      const result = maskMessage(new TextEncoder().encode(JSON.stringify(message)), plan);
      const masked =
        (JSON.parse(new TextDecoder().decode(result.masked)) as typeof message).result.content[0]?.text ?? '';
      score.found += labelled.length;
      let left = masked;
      for (const span of labelled) {
        if (!masked.includes(span.entity_value)) continue;
        left = left.replace(span.entity_value, '');
        score.found -= 1;
        score.missed.push(about(sentence.full_text, span));
      }
      const made = result.findings.reduce((sum: number, finding: Finding) => sum + finding.count, 0);
      const right = labelled.length - labelled.filter((span) => masked.includes(span.entity_value)).length;
      for (let extra = right; extra < made; extra += 1) score.wrong.push(masked.slice(0, 300));
    }
    scores.set(entity, score);
  }
  return scores;
}

function about(text: string, span: Span): string {
  return `${text.slice(Math.max(0, span.start_position - 40), span.start_position)}«${span.entity_value}»${text.slice(span.end_position, span.end_position + 20)}`;
}

if (import.meta.main) {
  const file = presidioFile();
  if (file === undefined) throw new Error('the corpora are not there');
  for (const [entity, score] of measurePresidio(file)) {
    const total = score.found + score.missed.length;
    const precision = score.found / Math.max(1, score.found + score.wrong.length);
    console.log(
      `${entity}: recall ${score.found}/${total} = ${(score.found / total).toFixed(4)}, precision ${precision.toFixed(4)}`,
    );
    for (const miss of score.missed) console.log(`  missed: ${JSON.stringify(miss)}`);
    for (const wrong of score.wrong) console.log(`  wrong: ${JSON.stringify(wrong)}`);
  }
}
