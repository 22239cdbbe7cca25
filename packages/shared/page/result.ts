import type { Statement } from '../src/verify/report.ts';
import type { Verdict } from './core.ts';

/** Shows what the verifier says, and goes there. */
export function show(result: HTMLElement, verdict: Verdict): void {
  if (verdict.proven) {
    const { heading, proven, open } = verdict.report;
    reveal(result, 'proven', `✓ ${heading}`, [
      titled('Proven'),
      listOf(proven),
      titled('Not proven by this'),
      listOf(open.map((text) => ({ text, more: [] }))),
    ]);
    return;
  }
  const { file, seq, problem, line } = verdict;
  reveal(result, 'unproven', '✕ NOT PROVEN', [
    facts([
      ['File', file],
      ...(seq === undefined ? [] : [['Entry', String(seq)] as const]),
      ['Problem', problem],
    ]),
    paragraph(`NOT PROVEN: ${line}`, 'mono'),
    paragraph(
      'This is the first thing that is not proven; what comes after it was not looked at. Keep the export as it is.',
    ),
  ]);
}

/** The verifier could not do its work, which says nothing of the export. */
export function showBroken(result: HTMLElement, problem: string): void {
  reveal(result, 'broken', '? Not verified', [
    paragraph(`This browser could not run the verifier: ${problem}`),
    paragraph(
      'Nothing was found out about the export. Take another browser, or the command sallyport-verify.',
    ),
  ]);
}

function reveal(result: HTMLElement, kind: string, heading: string, parts: readonly HTMLElement[]): void {
  const [title, said] = result.children;
  result.className = kind;
  result.hidden = false;
  if (title instanceof HTMLElement && said !== undefined) {
    title.replaceChildren(visible(heading));
    said.replaceChildren(...parts);
    title.focus();
  }
}

function listOf(statements: readonly Statement[]): HTMLElement {
  const list = document.createElement('ul');
  for (const { text, more } of statements) {
    const item = document.createElement('li');
    item.append(visible(text));
    if (more.length > 0) item.append(listOf(more.map((each) => ({ text: each, more: [] }))));
    list.append(item);
  }
  return list;
}

function facts(pairs: readonly (readonly [string, string])[]): HTMLElement {
  const list = document.createElement('dl');
  for (const [name, value] of pairs) {
    const term = document.createElement('dt');
    term.append(name);
    const told = document.createElement('dd');
    told.append(visible(value));
    list.append(term, told);
  }
  return list;
}

function paragraph(text: string, kind = ''): HTMLElement {
  const made = document.createElement('p');
  made.className = kind;
  made.append(visible(text));
  return made;
}

function titled(text: string): HTMLElement {
  const made = document.createElement('h3');
  made.append(text);
  return made;
}

/** Text may come from the export: nothing in it may turn its direction, hide, or look like the page's own. */
function visible(text: string): HTMLElement {
  const made = document.createElement('bdi');
  made.textContent = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `[U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
  return made;
}
