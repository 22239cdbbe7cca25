import type { DeclaredArguments } from '../declarations.ts';
import type { ReaderName } from '../risk/cedar-types.ts';
import type { PolicyProblem } from '../types.ts';

/** A tool that a server has shown. */
export interface KnownTool {
  readonly name: string;
  /** Whether a definition of it was reviewed. What was not is no measure: it may be another one tomorrow. */
  readonly pinned: boolean;
  /** Input schemas: the pinned one, and the one that is shown now where that differs. */
  readonly schemas: readonly unknown[];
  /** Arguments that, by their looks, a reader should be declared for. */
  readonly likely: readonly { readonly argument: string; readonly reader: ReaderName }[];
}

/** What there is beside a policy's text that the text may speak of. */
export interface Around {
  /** Names of ApprovalFlow documents. */
  readonly flows: ReadonlySet<string>;
  /** What is declared of arguments, by server; a server that declares nothing has an empty list. */
  readonly declared: DeclaredArguments;
  /** What servers define, by server. One of which nothing is known may be left out. */
  readonly tools: ReadonlyMap<string, readonly KnownTool[]>;
  /** The known word that a misspelt one most likely is. */
  readonly nearest: (word: string, known: readonly string[]) => string | undefined;
}

/** Something that a policy says and that doesn't fit what there is. */
export interface Misfit extends PolicyProblem {
  /** Name of the document. */
  readonly policy: string;
  /** Whether such a policy is not to be put in force; else it is a warning. */
  readonly refused: boolean;
  /** The ApprovalFlow that there is not. */
  readonly flow?: string;
}
