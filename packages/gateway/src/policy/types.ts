import type { DeclaredArguments } from './declarations.ts';
import type { Around, Misfit } from './fit/around.ts';
import type { SchemaScope } from './fit/generated.ts';
import type { RiskFacts } from './risk/readings.ts';

/**
 * Cedar actions on MCP (DESIGN.md §10); all but `request` are in the action group `use`. `request` asks for a grant on a
 * server: who may use something may not for that reason give more to itself.
 */
export const ACTIONS = [
  'connect',
  'call',
  'read',
  'get',
  'complete',
  'subscribe',
  'sample',
  'elicit',
  'roots',
  'request',
] as const;
export type Action = (typeof ACTIONS)[number];

/** Why a decision is what it is. Closed: people and scripts act on these. */
export type ReasonCode =
  | 'permitted'
  | 'approval_required' // only forbids that an approval lifts apply; with the approvals it would be permitted
  | 'no_permit' // nothing permits it: default deny
  | 'forbidden' // a forbid policy applies
  | 'policy_error' // a policy could not be evaluated; a forbid that fails must not fail open
  | 'policy_unavailable'; // no policies are loaded or the engine failed

export interface DecisionRequest {
  readonly principal: {
    readonly kind: 'service-account' | 'user';
    readonly name: string;
    readonly groups: readonly string[];
  };
  readonly action: Action;
  readonly server: string;
  /** The thing acted on; a Tool, Resource or Prompt is inside `server`. For Server, `name` is the server's. */
  readonly resource: { readonly type: 'Server' | 'Tool' | 'Resource' | 'Prompt'; readonly name: string };
  /** The call's arguments, parsed; called only where a policy in question reads them. */
  readonly arguments?: () => unknown;
  /** Facts about the call. */
  readonly context: {
    readonly session?: string;
    readonly client?: string;
    readonly sourceIp?: string;
    readonly era: 'legacy' | 'modern';
    /** Approvals that this very call has, by the names of their ApprovalFlow documents. */
    readonly approval?: { readonly flows: readonly string[] };
    /** The grant that covers the call. */
    readonly grant?: { readonly id: string; readonly reason: string; readonly ticket?: string };
    /** What the session has read so far, as `customer-data`. Absent is none. */
    readonly labels?: readonly string[];
  };
}

export interface Decision {
  /** `hold`: denied as it is, and allowed once there is an approval of each of `flows`. */
  readonly effect: 'allow' | 'deny' | 'hold';
  readonly reasons: readonly ReasonCode[];
  /** Of a hold, and only of one: the ApprovalFlow documents whose approvals are needed, all of them; sorted. */
  readonly flows?: readonly string[];
  /** Names of the determining policies: document name, with `#n` behind it where the document has several. */
  readonly policies: readonly string[];
  /** Digest over all that decides: texts of enforced policies and what arguments are declared to be. */
  readonly policyVersion: string;
  /** What it would have been with the dry-run policies, where that differs in effect or flows. */
  readonly would?: Would;
}

/** A decision that was made beside the one that holds. */
export type Would = Pick<Decision, 'effect' | 'reasons' | 'flows' | 'policies' | 'policyVersion'>;

/** One policy document as it is put in force. */
export interface PolicySource {
  readonly name: string;
  readonly cedar: string;
  /** `dry-run`: decides beside the others and is recorded, and blocks and permits nothing. */
  readonly mode?: 'enforce' | 'dry-run';
}

/** What policies are decided with, beside their texts. */
export interface Surroundings {
  /** Which arguments of a server's tools are what, by the server's name. */
  readonly arguments?: DeclaredArguments;
}

export interface PolicyProblem {
  readonly message: string;
  /** 1-based, where the engine says. */
  readonly line?: number;
  readonly column?: number;
  readonly help?: string;
}

/** The policy room's door. Pure: no I/O, no clock of its own. */
export interface Policy {
  /** Takes the enabled policies of a snapshot. All or nothing: if one does not parse, the ones in force stay. */
  load(policies: readonly PolicySource[], surroundings?: Surroundings): void;
  decide(request: DecisionRequest): Decision;
  /** For lists: whether some arguments exist with which the decision could be allow or hold. */
  couldAllow(request: Omit<DecisionRequest, 'arguments'>): boolean;
  /** What our own readers say of a call's arguments, for people who judge it and for limits on amounts. */
  riskOf(call: { readonly server: string; readonly tool: string; readonly arguments: unknown }): RiskFacts;
  /** Problems of a policy text; empty when it may be put in force. */
  check(cedar: string): PolicyProblem[];
  /**
   * What policies that read well say and that doesn't fit what there is around them: flows and arguments that there are
   * not, risk facts that nothing declares. Texts with problems of their own are passed over.
   */
  fit(policies: readonly PolicySource[], around: Around): Misfit[];
  /** Those of these servers whose tools, or requests for access, a policy text may have a say in, by its scopes. */
  serversOf(cedar: string, servers: readonly string[]): string[];
  /** The Cedar schema with types of arguments from pinned definitions, for an editor. */
  schema(tools: Around['tools'], scope?: SchemaScope): string;
  /** ApprovalFlow documents that a policy text names by `@approval("FLOW")`, sorted; none of a text with problems. */
  flowsOf(cedar: string): string[];
  readonly version: string;
}
