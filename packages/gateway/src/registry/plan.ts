import { type CanonicalValue, canonicalDigest } from '@sallyport/shared/canonical-json';
import { type CheckedDocument, checkDocument, problemAt } from './check.ts';
import { unifiedDiff, yamlForm } from './diff.ts';
import { type CheckFit, checkFits, misfitInWords } from './fit.ts';
import { nearest } from './hint.ts';
import { isKind, KIND_NAMES } from './kinds/index.ts';
import type {
  Change,
  DocumentInput,
  DocumentKind,
  DocumentProblem,
  Plan,
  ShownTools,
  Snapshot,
  SpecOf,
} from './types.ts';

/** One problem of a policy text, as the policy room tells it. */
export interface PolicyTextProblem {
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly help?: string;
}

export type CheckPolicy = (cedar: string) => readonly PolicyTextProblem[];

/** What policies are checked with. */
export interface Checks {
  readonly checkPolicy: CheckPolicy;
  /** Without it policies are checked by themselves alone. */
  readonly checkFit?: CheckFit;
  readonly tools: ShownTools;
}

/** What a plan would put in force: each change with its document, undefined for a deletion. */
export type Prepared = readonly { readonly change: Change; readonly document: CheckedDocument | undefined }[];

type Deletion = { readonly kind: string; readonly name: string };

/** Checks documents and deletions against a snapshot. Finds every problem, so that an author mends all at once. */
export function makePlan(
  snapshot: Snapshot,
  inputs: readonly DocumentInput[],
  deletions: readonly Deletion[],
  { checkPolicy, checkFit, tools }: Checks,
): { readonly plan: Plan; readonly prepared: Prepared } {
  const problems: DocumentProblem[] = [...findDuplicates(inputs, deletions)];
  const wanted: { readonly input: DocumentInput; readonly document: CheckedDocument }[] = [];
  for (const input of inputs) {
    const result = checkDocument(input);
    if ('problems' in result) problems.push(...result.problems);
    else wanted.push({ input, document: result.checked });
  }
  for (const { input, document } of wanted) problems.push(...checkCedar(input, document, checkPolicy));
  const removed = deletions.flatMap((deletion) => {
    const found = checkDeletion(snapshot, deletion);
    if ('message' in found) problems.push(found);
    return 'message' in found ? [] : [found];
  });
  problems.push(...checkReferences(snapshot, wanted, removed));
  const fits = checkFit && checkFits({ snapshot, wanted, removed, tools }, checkFit);
  problems.push(...(fits?.problems ?? []));
  const prepared = [
    ...wanted.map(({ document }) => ({ change: changeTo(snapshot, document), document })),
    ...removed.map(({ kind, name }) => ({ change: deletionOf(snapshot, kind, name), document: undefined })),
  ];
  const plan: Plan = {
    baseVersion: snapshot.version,
    changes: prepared.map(({ change }) => change),
    problems,
    warnings: fits?.warnings ?? [],
  };
  return { plan, prepared };
}

/** SHA-256 of the canonical JSON of {kind, name, spec}. */
export function digestOf({ kind, name, spec }: CheckedDocument): string {
  // A spec that its schema accepted is a JSON value of texts, integers, booleans and lists.
  return canonicalDigest({ kind, name, spec: spec as unknown as CanonicalValue });
}

function findDuplicates(inputs: readonly DocumentInput[], deletions: readonly Deletion[]): DocumentProblem[] {
  const seen = new Map<string, string | undefined>();
  const problems: DocumentProblem[] = [];
  for (const document of [
    ...inputs,
    ...deletions.map((deletion) => ({ ...deletion, place: 'the deletions' })),
  ]) {
    const key = JSON.stringify([document.kind, document.name]);
    if (seen.has(key)) {
      const first = seen.get(key);
      const where = first === undefined ? '' : ` (first at ${first})`;
      problems.push(
        problemAt(document, 'name', `${document.kind} "${document.name}" is given twice${where}.`),
      );
    } else {
      seen.set(key, document.place);
    }
  }
  return problems;
}

function checkCedar(
  input: DocumentInput,
  { kind, spec }: CheckedDocument,
  checkPolicy: CheckPolicy,
): DocumentProblem[] {
  if (kind !== 'Policy') return [];
  // The kind says which spec it is.
  const { cedar } = spec as SpecOf['Policy'];
  return checkPolicy(cedar).map((problem) => problemAt(input, 'cedar', misfitInWords(problem)));
}

function checkDeletion(
  snapshot: Snapshot,
  deletion: Deletion,
): DocumentProblem | { readonly kind: DocumentKind; readonly name: string } {
  const { kind, name } = deletion;
  if (!isKind(kind)) {
    const hint = nearest(kind, KIND_NAMES);
    const meant = hint === undefined ? '' : ` Did you mean ${hint}?`;
    return problemAt(
      deletion,
      'kind',
      `There is no kind "${kind}".${meant} Known kinds: ${KIND_NAMES.join(', ')}.`,
    );
  }
  if (snapshot.of(kind).get(name) === undefined) {
    return problemAt(deletion, 'name', `There is no ${kind} "${name}" to delete.`);
  }
  return { kind, name };
}

/** Groups that accounts name must exist once all changes are made. */
function checkReferences(
  snapshot: Snapshot,
  wanted: readonly { readonly input: DocumentInput; readonly document: CheckedDocument }[],
  removed: readonly { readonly kind: DocumentKind; readonly name: string }[],
): DocumentProblem[] {
  const groups = new Set(snapshot.groups.keys());
  const accounts = new Map([...snapshot.serviceAccounts].map(([name, { spec }]) => [name, spec]));
  const inputs = new Map<string, DocumentInput>();
  for (const { kind, name } of removed) {
    if (kind === 'Group') groups.delete(name);
    if (kind === 'ServiceAccount') accounts.delete(name);
  }
  for (const { input, document } of wanted) {
    if (document.kind === 'Group') groups.add(document.name);
    if (document.kind !== 'ServiceAccount') continue;
    // The kind says which spec it is.
    accounts.set(document.name, document.spec as SpecOf['ServiceAccount']);
    inputs.set(document.name, input);
  }
  return [...accounts].flatMap(([name, spec]) =>
    spec.groups.flatMap((group, index) => {
      if (groups.has(group)) return [];
      const input = inputs.get(name);
      if (input === undefined) {
        const place = { kind: 'Group', name: group };
        return [
          problemAt(place, 'name', `ServiceAccount "${name}" is in Group "${group}". Take it out first.`),
        ];
      }
      const hint = nearest(group, [...groups]);
      const meant =
        hint === undefined ? 'Apply it before or together with this account.' : `Did you mean "${hint}"?`;
      return [problemAt(input, `groups[${index}]`, `There is no Group "${group}". ${meant}`)];
    }),
  );
}

function changeTo(snapshot: Snapshot, document: CheckedDocument): Change {
  const { kind, name } = document;
  const current = snapshot.of(kind).get(name);
  const after = digestOf(document);
  if (current === undefined) {
    return { kind, name, effect: 'create', after, diff: unifiedDiff('', yamlForm(document)) };
  }
  const same = current.digest === after;
  const diff = same ? '' : unifiedDiff(yamlForm(current), yamlForm(document));
  return { kind, name, effect: same ? 'unchanged' : 'update', before: current.digest, after, diff };
}

function deletionOf(snapshot: Snapshot, kind: DocumentKind, name: string): Change {
  const current = snapshot.of(kind).get(name);
  if (current === undefined) throw new Error('a checked deletion names a document of the snapshot');
  return { kind, name, effect: 'delete', before: current.digest, diff: unifiedDiff(yamlForm(current), '') };
}
