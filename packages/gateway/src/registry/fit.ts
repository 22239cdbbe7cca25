import { type CheckedDocument, problemAt } from './check.ts';
import type {
  DocumentInput,
  DocumentProblem,
  Misfit,
  PolicySpec,
  ServerSpec,
  ShownTools,
  Snapshot,
  SpecOf,
} from './types.ts';

/** The documents that policies must fit, as they are or would be. */
export interface Next {
  /** The enabled ones. */
  readonly policies: ReadonlyMap<string, PolicySpec>;
  readonly servers: ReadonlyMap<string, ServerSpec>;
  readonly flows: ReadonlySet<string>;
}

/** Compares the policies of these names with all that is around them. */
export type CheckFit = (next: Next, policies: readonly string[], tools: ShownTools) => readonly Misfit[];

interface Changes {
  readonly snapshot: Snapshot;
  readonly wanted: readonly { readonly input: DocumentInput; readonly document: CheckedDocument }[];
  readonly removed: readonly { readonly kind: string; readonly name: string }[];
  readonly tools: ShownTools;
}

interface Found {
  readonly problems: DocumentProblem[];
  readonly warnings: DocumentProblem[];
}

/**
 * Whether policies fit what there would be. A policy that is new or another than before is refused where it doesn't;
 * one that is applied as it was is only warned of, so that a server that has changed its tools doesn't keep all other
 * changes from being made. Where servers or flows change, so are policies that stay: what they no longer fit is said
 * beside the change, and a flow that one of them names is not deleted.
 */
export function checkFits(changes: Changes, checkFit: CheckFit): Found {
  const found: Found = { problems: [], warnings: [] };
  const before = documentsOf(changes.snapshot);
  const next = nextOf(changes);
  const given = new Map<string, DocumentInput>();
  for (const { input, document } of changes.wanted)
    if (document.kind === 'Policy' && next.policies.has(document.name)) given.set(document.name, input);
  for (const misfit of checkFit(next, [...given.keys()], changes.tools)) {
    const input = given.get(misfit.policy);
    if (input === undefined) continue;
    const isNew = !decidesTheSame(before.policies.get(misfit.policy), next.policies.get(misfit.policy));
    (misfit.refused && isNew ? found.problems : found.warnings).push(
      problemAt(input, 'cedar', misfitInWords(misfit)),
    );
  }
  if (surroundingsChange(changes)) {
    const staying = [...next.policies.keys()].filter((name) => !given.has(name));
    tellOfStaying(changes, { before, next, staying, checkFit }, found);
  }
  return found;
}

/** What doesn't fit as things are: of all policies in force, or of one text. */
export function fitsNow(
  snapshot: Snapshot,
  checkFit: CheckFit,
  tools: ShownTools,
  cedar?: string,
): readonly Misfit[] {
  const now = documentsOf(snapshot);
  if (cedar === undefined) return checkFit(now, [...now.policies.keys()], tools);
  return checkFit({ ...now, policies: new Map([['policy', { cedar, enabled: true }]]) }, ['policy'], tools);
}

/** `line 3, column 5: …` */
export function misfitInWords({ message, line, column, help }: Omit<Misfit, 'policy' | 'refused'>): string {
  const place = line === undefined ? '' : `line ${line}${column === undefined ? '' : `, column ${column}`}: `;
  return `${place}${message}${help === undefined ? '' : ` (${help})`}`;
}

function tellOfStaying(
  { removed, tools }: Changes,
  given: { before: Next; next: Next; staying: readonly string[]; checkFit: CheckFit },
  { problems, warnings }: Found,
): void {
  const { before, next, staying, checkFit } = given;
  const wordsBefore = new Set(
    checkFit(before, staying, tools).map((misfit) => `${misfit.policy} ${misfitInWords(misfit)}`),
  );
  for (const misfit of checkFit(next, staying, tools)) {
    const { policy, flow } = misfit;
    const words = misfitInWords(misfit);
    if (wordsBefore.has(`${policy} ${words}`)) continue;
    const deleted = removed.find(({ kind, name }) => kind === 'ApprovalFlow' && name === flow);
    if (deleted === undefined) {
      warnings.push(problemAt({ kind: 'Policy', name: policy }, 'cedar', words));
      continue;
    }
    const where = misfit.line === undefined ? '' : ` (line ${misfit.line})`;
    const message = `Policy "${policy}"${where} names this flow. Change or delete the policy first, or together with it.`;
    problems.push(problemAt(deleted, 'name', message));
  }
}

function surroundingsChange({ wanted, removed }: Changes): boolean {
  const kinds = new Set<string>([
    ...wanted.map(({ document }) => document.kind),
    ...removed.map(({ kind }) => kind),
  ]);
  return kinds.has('Server') || kinds.has('ApprovalFlow');
}

function documentsOf(snapshot: Snapshot): Next {
  const policies = [...snapshot.policies.values()].filter(({ spec }) => spec.enabled);
  return {
    policies: new Map(policies.map(({ name, spec }) => [name, spec])),
    servers: new Map([...snapshot.servers.values()].map(({ name, spec }) => [name, spec])),
    flows: new Set(snapshot.of('ApprovalFlow').keys()),
  };
}

function nextOf({ snapshot, wanted, removed }: Changes): Next {
  const now = documentsOf(snapshot);
  const policies = new Map(now.policies);
  const servers = new Map(now.servers);
  const flows = new Set(now.flows);
  for (const { kind, name } of removed) {
    if (kind === 'Policy') policies.delete(name);
    if (kind === 'Server') servers.delete(name);
    if (kind === 'ApprovalFlow') flows.delete(name);
  }
  for (const { document } of wanted) {
    const { kind, name, spec } = document;
    // Casts: the kind says which spec it is.
    if (kind === 'Policy' && (spec as SpecOf['Policy']).enabled) policies.set(name, spec as SpecOf['Policy']);
    else if (kind === 'Policy') policies.delete(name);
    if (kind === 'Server') servers.set(name, spec as SpecOf['Server']);
    if (kind === 'ApprovalFlow') flows.add(name);
  }
  return { policies, servers, flows };
}

function decidesTheSame(before: PolicySpec | undefined, next: PolicySpec | undefined): boolean {
  return before !== undefined && before.cedar === next?.cedar && before.mode === next.mode;
}
