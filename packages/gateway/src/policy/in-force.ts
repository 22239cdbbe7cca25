import { type CanonicalValue, canonicalDigest } from '@sallyport/shared/canonical-json';
import type { Examined } from './check.ts';
import { Declarations, type DeclaredArguments } from './declarations.ts';
import { REMEMBERED_MAX_ENTRIES } from './limits.ts';
import { Remembered } from './remembered.ts';
import { type Slice, Slices } from './slices.ts';
import type { Decision, PolicySource } from './types.ts';

/** Policies that decide together, with what is remembered of them. */
export class PolicySet {
  readonly version: string;
  readonly slices: Slices;
  readonly remembered = { written: new Memory(), could: new Memory() };

  constructor(version: string, documents: readonly Examined[]) {
    this.version = version;
    this.slices = new Slices(documents.flatMap(({ policies }) => policies));
  }
}

class Memory {
  readonly slices = new Remembered<Slice>(REMEMBERED_MAX_ENTRIES);
  readonly decisions = new Remembered<Decision>(REMEMBERED_MAX_ENTRIES);
}

/** What is in force between two loads. Replaced as a whole, so that nothing remembered outlives its policies. */
export class InForce {
  readonly examined: ReadonlyMap<string, Examined>;
  readonly declarations: Declarations;
  /** The policies that decide. */
  readonly enforced: PolicySet;
  /** These and the dry-run ones; undefined where there is none of them. */
  readonly tried: PolicySet | undefined;

  constructor(
    sources: readonly PolicySource[],
    examined: ReadonlyMap<string, Examined>,
    declared: DeclaredArguments,
  ) {
    this.examined = examined;
    this.declarations = new Declarations(declared);
    const setOf = (some: readonly PolicySource[]) =>
      new PolicySet(
        versionOf(some, declared),
        some.flatMap(({ name }) => examined.get(name) ?? []),
      );
    const enforced = sources.filter(({ mode }) => mode !== 'dry-run');
    this.enforced = setOf(enforced);
    this.tried = enforced.length === sources.length ? undefined : setOf(sources);
  }
}

/** The same texts and the same declarations have the same version. */
export function versionOf(policies: readonly PolicySource[], declared: DeclaredArguments): string {
  const sorted = policies
    .map(({ name, cedar }) => ({ name, cedar }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const declarations = [...declared].filter(([, list]) => list.length > 0);
  if (declarations.length === 0) return canonicalDigest(sorted);
  // What an argument is taken for decides as much as the policies do. A JSON value by its type, without an index signature.
  const given = Object.fromEntries(declarations) as unknown as CanonicalValue;
  return canonicalDigest({ policies: sorted, arguments: given });
}
