import { AnalyserError } from './errors.ts';
import type { Span } from './types.ts';

/** What one kind of analyser calls the parts of a finding, and what its offsets count. */
export interface AnswerShape {
  readonly entity: 'entity' | 'entity_type';
  readonly offsets: 'code-points' | 'utf-16';
}

/**
 * Reads what an analyser answered: one list of findings for each text.
 * @throws AnalyserError `answer_malformed`: an answer that is not understood whole can't say that a text is clean
 */
export function readAnswer(value: unknown, texts: readonly string[], shape: AnswerShape): Span[][] {
  if (!Array.isArray(value) || value.length !== texts.length) {
    throw malformed(`it must be a list with one list of findings for each of ${texts.length} texts`);
  }
  return texts.map((text, index) => {
    const list: unknown = value[index];
    if (!Array.isArray(list)) throw malformed('the findings of a text are not a list');
    const unit = unitOf(text, shape.offsets);
    return list.map((item: unknown) => readSpan(item, shape.entity, unit));
  });
}

function readSpan(item: unknown, entityName: string, unit: (at: number) => number): Span {
  if (typeof item !== 'object' || item === null) throw malformed('a finding is not an object');
  // Cast: an object that is read member by member below.
  const given = item as Readonly<Record<string, unknown>>;
  const entity = given[entityName];
  const { start, end, score } = given;
  if (typeof entity !== 'string') throw malformed(`a finding has no "${entityName}"`);
  if (!isOffset(start) || !isOffset(end) || start >= end || unit(end) < 0) {
    throw malformed('a finding has no "start" before an "end" within its text');
  }
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
    throw malformed('a finding has no "score" from 0 to 1');
  }
  return { entity, start: unit(start), end: unit(end), score };
}

/** From an analyser's offset to UTF-16 units; -1 beyond the text. */
function unitOf(text: string, offsets: AnswerShape['offsets']): (at: number) => number {
  if (offsets === 'utf-16' || !/[\ud800-\udbff]/.test(text)) return (at) => (at <= text.length ? at : -1);
  const units = [0];
  for (const point of text) units.push((units.at(-1) ?? 0) + point.length);
  return (at) => units[at] ?? -1;
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function malformed(why: string): AnalyserError {
  return new AnalyserError('answer_malformed', `the analyser's answer is not understood: ${why}`);
}
