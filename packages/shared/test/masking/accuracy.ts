/** Measures the engine on made-up values and on hard negatives: `node packages/shared/test/masking/accuracy.ts`. */
import { compilePlan, maskMessage } from '../../src/masking/index.ts';
import { CARRIERS, EVASIONS, formats } from './carriers.ts';
import { Dice, MAKERS, type Planted } from './generator.ts';
import { NEGATIVES } from './negatives.ts';

const plan = compilePlan({ profiles: ['everything'] });

/** Planted and missed values of one kind. */
export interface Recall {
  planted: number;
  readonly missed: string[];
}

/** Values that are numbers or words in the clear: what must not be left of a value in any form. */
function leaks(masked: string, planted: Planted, written: string): boolean {
  if (masked.includes(JSON.stringify(written).slice(1, -1))) return true;
  const plain = masked
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}@]/gu, '')
    .toLowerCase();
  return plain.includes(planted.value.replace(/[^\p{L}\p{N}@]/gu, '').toLowerCase());
}

function plantedIn(raw: string): { masked: string; refused: string | undefined; found: number } {
  const result = maskMessage(new TextEncoder().encode(raw), plan);
  const found = result.findings.reduce((sum, finding) => sum + finding.count, 0);
  return { masked: new TextDecoder().decode(result.masked), refused: result.refused?.reason, found };
}

/** Plain and formatted values of every kind in every carrier. */
export function measurePlain(rounds: number, seed = 1): Map<string, Recall> {
  const recalls = new Map<string, Recall>();
  const dice = new Dice(seed);
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, make] of Object.entries(MAKERS)) {
      for (const [carrier, place] of Object.entries(CARRIERS)) {
        const planted = make(dice);
        const written = dice.pick(formats(planted));
        tally(recalls, kind, planted, written, carrier, place(planted.label, written, planted.key));
      }
    }
  }
  return recalls;
}

/** Values of the kinds that speak for themselves, written to evade. */
export function measureEvasive(rounds: number, seed = 2): Map<string, Recall> {
  const recalls = new Map<string, Recall>();
  const dice = new Dice(seed);
  const kinds = ['PAN', 'SSN', 'IBAN', 'EMAIL', 'PHONE', 'IPV4'];
  const carriers = [
    'prose',
    'lines',
    'jsonText',
    'structured',
    'resource',
    'blob',
    'errorMessage',
    'progress',
    'log',
    'prompt',
    'meta',
  ];
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      for (const [evasion, evade] of Object.entries(EVASIONS)) {
        const planted = MAKERS[kind]?.(dice);
        const carrier = dice.pick(carriers);
        const place = CARRIERS[carrier];
        if (planted === undefined || place === undefined) continue;
        const written = evade(dice.pick(formats(planted)));
        tally(recalls, evasion, planted, written, carrier, place(planted.label, written, planted.key));
      }
    }
  }
  return recalls;
}

function tally(
  recalls: Map<string, Recall>,
  kind: string,
  planted: Planted,
  written: string,
  carrier: string,
  raw: string,
): void {
  const recall = recalls.get(kind) ?? { planted: 0, missed: [] };
  recalls.set(kind, recall);
  recall.planted += 1;
  const { masked, refused, found } = plantedIn(raw);
  const left = refused === undefined && (found === 0 || leaks(masked, planted, written));
  if (left) recall.missed.push(`${planted.entity} in ${carrier}: ${raw}`);
}

/** Hard negatives in text and in structured content. */
export function measureNegatives(count: number, seed = 3): { tried: number; wrong: string[] } {
  const dice = new Dice(seed);
  const makers = Object.entries(NEGATIVES);
  const wrong: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const [kind, make] = makers[i % makers.length] ?? dice.pick(makers);
    const text = make(dice);
    const body =
      i % 3 === 0
        ? { content: [], structuredContent: { item: text, next: 'x' } }
        : { content: [{ type: 'text', text: i % 3 === 1 ? text : `Result: ${text} and so on` }] };
    const { masked, found } = plantedIn(JSON.stringify({ jsonrpc: '2.0', id: 1, result: body }));
    if (found > 0) wrong.push(`${kind}: ${text} -> ${masked}`);
  }
  return { tried: count, wrong };
}

function show(title: string, recalls: Map<string, Recall>): void {
  let planted = 0;
  let missed = 0;
  console.log(title);
  for (const [kind, recall] of recalls) {
    planted += recall.planted;
    missed += recall.missed.length;
    console.log(`  ${kind.padEnd(18)} ${recall.planted - recall.missed.length}/${recall.planted}`);
    for (const miss of recall.missed.slice(0, Number(process.argv[3] ?? 5))) console.log(`      ${miss}`);
  }
  console.log(`  recall ${(1 - missed / planted).toFixed(4)}`);
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 10);
  show('plain and formatted', measurePlain(rounds));
  show('evasive', measureEvasive(rounds * 3));
  const negatives = measureNegatives(2000);
  console.log(`hard negatives: ${negatives.wrong.length} of ${negatives.tried} wrong`);
  for (const wrong of negatives.wrong) console.log(`    ${wrong}`);
}
