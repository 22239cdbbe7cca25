import type { EntryQuery } from '../types.ts';

/** Of an entry, what its filters look at. */
interface Leaf {
  readonly kind?: string;
  readonly actor?: { readonly name?: string };
  readonly server?: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly decision?: {
    readonly effect?: string;
    readonly policies?: readonly string[];
    readonly reasons?: readonly string[];
  };
  readonly approval?: string;
  readonly grant?: string;
  readonly outcome?: { readonly transport?: string };
  readonly response?: { readonly findings?: Readonly<Record<string, number>> };
  readonly fields?: { readonly findings?: readonly { readonly rule?: string; readonly entity?: string }[] };
}

/** Filters that are one term each, beside those that are columns. */
const TERM_FILTERS = [
  'decision',
  'policy',
  'approval',
  'grant',
  'finding',
  'ending',
  'agent',
  'method',
] as const;
/** Filters of columns that are no keys, and so are found by terms too. */
const COLUMN_FILTERS = ['kind', 'principal', 'server', 'tool'] as const;

/** Words of a text: letters and digits of any script, in lower case, each once. */
export function wordsOf(text: string, max = Number.POSITIVE_INFINITY): Set<string> {
  const words = new Set<string>();
  for (const [word] of text.matchAll(/[\p{L}\p{N}]{2,40}/gu)) {
    words.add(word.toLowerCase());
    if (words.size >= max) break;
  }
  return words;
}

/** The terms of an entry; words of bodies are the caller's to add, as `text:word`. */
export function termsOf(leafText: string): Set<string> {
  // Cast: the leaf is our own canonical JSON of an entry.
  const leaf = JSON.parse(leafText) as Leaf;
  const terms = new Set<string>();
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) terms.add(`${name}:${value}`);
  };
  add('kind', leaf.kind);
  add('principal', leaf.actor?.name);
  add('server', leaf.server);
  add('agent', leaf.agent);
  add('tool', leaf.tool);
  add('method', leaf.method);
  add('decision', leaf.decision?.effect);
  for (const policy of leaf.decision?.policies ?? []) add('policy', policy);
  add('approval', leaf.approval);
  add('grant', leaf.grant);
  add('ending', leaf.outcome?.transport);
  for (const rule of Object.keys(leaf.response?.findings ?? {})) add('finding', rule);
  for (const { rule, entity } of Array.isArray(leaf.fields?.findings) ? leaf.fields.findings : []) {
    add('finding', rule);
    add('finding', entity);
  }
  return terms;
}

/** What a block must hold for an entry in it to match; undefined where no filter is a term. */
export function termsFor(query: EntryQuery): string[] {
  const terms = [...COLUMN_FILTERS, ...TERM_FILTERS].flatMap((name) =>
    query[name] === undefined ? [] : [`${name}:${query[name]}`],
  );
  return [...terms, ...[...wordsOf(query.text ?? '')].map((word) => `text:${word}`)];
}

/** Whether an entry matches the filters that are no columns; `body` gives the words of its bodies when asked. */
export function matches(
  query: EntryQuery,
  terms: ReadonlySet<string>,
  words: () => ReadonlySet<string>,
): boolean {
  for (const name of TERM_FILTERS) {
    const value = query[name];
    if (value !== undefined && !terms.has(`${name}:${value}`)) return false;
  }
  if (query.text === undefined) return true;
  const found = words();
  return [...wordsOf(query.text)].every((word) => found.has(word));
}

/** Whether a query has filters that no column answers. */
export function needsLeaf(query: EntryQuery): boolean {
  return query.text !== undefined || TERM_FILTERS.some((name) => query[name] !== undefined);
}
