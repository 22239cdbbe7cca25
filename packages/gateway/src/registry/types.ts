import type { RuleSpec, ServerMasking } from '@sallyport/shared/masking-rules';
import type { RetentionSpec } from './kinds/retention.ts';

/** Kinds of configuration documents. Each has one schema, in `registry/kinds/`. */
export type DocumentKind =
  | 'Server'
  | 'Policy'
  | 'Group'
  | 'ServiceAccount'
  | 'Limit'
  | 'MaskingRule'
  | 'ApprovalFlow'
  | 'Notification'
  | 'Retention';

/**
 * Roles on a principal: what it may do through the API (never what it may call; that is policy's). A
 * custodian may open sealed originals and, with a second person, hold and shred them.
 */
export const ROLES = [
  'administrator',
  'policy-author',
  'approver',
  'auditor',
  'custodian',
  'operator',
  'user',
] as const;
export type Role = (typeof ROLES)[number];

export interface ServerSpec {
  /** Agents that expose the server under its name. At least one. `agent: x` in YAML is the short form. */
  agents: string[];
  /** Name of the server in the agent's own configuration, where it differs. */
  agentServer?: string;
  title?: string;
  description?: string;
  enabled: boolean;
  /** Minutes without a request after which a session ends. Default 15 (PCI DSS 8.2.8). */
  idleMinutes: number;
  /** Minutes after which a session ends in any case. Default 720. */
  absoluteMinutes: number;
  /** Seconds a call may take before it is given up as `unknown`. Default 300. */
  callTimeoutSeconds: number;
  /** Just-in-time access to this server. */
  grants?: { maxMinutes?: number; ticket?: 'required' | 'optional' };
  /** Which argument of which tools is what, for risk facts: tool pattern → argument → reading. */
  arguments?: Record<string, Record<string, ArgumentReading>>;
  labels?: LabelRules;
  /** What is done with results before anybody sees them. Default: characters that hide are stripped. */
  results?: { hidden?: 'strip' | 'refuse' | 'pass'; label?: boolean; links?: 'pass' | 'defang' };
  /**
   * Who pins definitions of tools: one reviewer (`review`, the default), two (`second-person`), or for the very first
   * definition of each tool nobody (`first-use`).
   */
  pins?: 'review' | 'second-person' | 'first-use';
  /** Classes of tools whose definitions are pinned without a reviewer, where they have no marks. */
  pinRules?: PinRuleSpec[];
  /** What is masked towards clients beyond the rules. Default: PCI and secrets. */
  masking?: ServerMasking;
}

/** Tools by the patterns of their names; with `changed` also a definition that takes the place of a pinned one. */
export interface PinRuleSpec {
  name: string;
  tools: string[];
  changed?: boolean;
}

/** How one argument is read for its risk; see the policy room's readers. */
export interface ArgumentReading {
  reader: 'sql' | 'shell' | 'path' | 'url' | 'amount' | 'batch';
  /** `path`: absolute folders that paths may be in. */
  roots?: string[];
  /** `path`: where relative paths begin. Default: the first root. */
  base?: string;
  /** `amount`: the currency, or the one that holds where the call names none. */
  currency?: string;
  /** `amount`: the argument that names the currency. */
  currencyArgument?: string;
  /** `amount`: decimal places that the argument leaves out: 2 where it counts cents. */
  scale?: number;
}

/** What a session is labelled with once it has read from a server: by tool, resource (`*` for any characters) or finding. */
export interface LabelRules {
  tools?: Record<string, string[]>;
  resources?: Record<string, string[]>;
  /** By the type of a masking finding in what was read; `*` for every type. */
  findings?: Record<string, string[]>;
}

export interface PolicySpec {
  /** Cedar text: one policy or more. */
  cedar: string;
  description?: string;
  enabled: boolean;
  /** `dry-run`: decides beside the others and is recorded, and blocks and permits nothing. Default `enforce`. */
  mode?: 'enforce' | 'dry-run';
}

export interface GroupSpec {
  description?: string;
}

export interface ServiceAccountSpec {
  groups: string[];
  roles: Role[];
  description?: string;
  disabled: boolean;
}

/** A limit on calls; the limit room's rule without its name. Members that are left out restrict nothing. */
export interface LimitSpec {
  description?: string;
  enabled: boolean;
  principals?: string[];
  groups?: string[];
  servers?: string[];
  tools?: string[];
  per: ('principal' | 'server' | 'tool')[];
  calls?: { max: number; seconds: number };
  concurrent?: number;
  budget?: { argument: string; max: number; seconds: number; scale: number };
}

/** How an approval comes about; the approval room's rules with a description. */
export interface ApprovalFlowSpec {
  description?: string;
  stages: { approvers: string[]; needed: number }[];
  order: 'any' | 'in-order';
  timeLimitMinutes: number;
  validMinutes: number;
  holdSeconds?: number;
  escalation: { afterMinutes: number; approvers: string[] }[];
  delegations: { from: string; to: string; begins?: string; until: string }[];
  businessHours?: {
    timeZone: string;
    days: ('sun' | 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat')[];
    from: string;
    until: string;
    outside: 'wait' | 'deny';
  };
  breakGlass?: { approvers: string[]; reviewers: string[]; reviewMinutes: number };
}

/** Who is told of approvals elsewhere, and may answer from there; the notify room's rule with a description. */
export interface NotificationSpec {
  description?: string;
  enabled: boolean;
  flows?: string[];
  slack?: {
    channel: string;
    apiUrl: string;
    tokenSecret: string;
    signingSecret: string;
    people: Record<string, string>;
  };
  webhook?: { url: string; signingSecret: string; decidingSecret?: string; people: Record<string, string> };
}

export interface SpecOf {
  Server: ServerSpec;
  Policy: PolicySpec;
  Group: GroupSpec;
  ServiceAccount: ServiceAccountSpec;
  Limit: LimitSpec;
  MaskingRule: RuleSpec;
  ApprovalFlow: ApprovalFlowSpec;
  Notification: NotificationSpec;
  Retention: RetentionSpec;
}

/** One document as stored: defaults filled in, checked by its kind's schema. */
export interface Document<K extends DocumentKind = DocumentKind> {
  readonly kind: K;
  readonly name: string;
  readonly spec: SpecOf[K];
  /** SHA-256 of the canonical JSON of {kind, name, spec}. */
  readonly digest: string;
  readonly updatedAt: string;
  readonly updatedBy: string;
}

/** All documents at one version. Immutable; a change makes a new one. */
export interface Snapshot {
  /** Grows by one with each applied change; the same number names the same documents on every replica. */
  readonly version: number;
  readonly servers: ReadonlyMap<string, Document<'Server'>>;
  readonly policies: ReadonlyMap<string, Document<'Policy'>>;
  readonly groups: ReadonlyMap<string, Document<'Group'>>;
  readonly serviceAccounts: ReadonlyMap<string, Document<'ServiceAccount'>>;
  /** The documents of any kind, by name. */
  of<K extends DocumentKind>(kind: K): ReadonlyMap<string, Document<K>>;
}

/** Someone asks for a document to be so. */
export interface DocumentInput {
  kind: string;
  name: string;
  /** All other members of the YAML document. */
  spec: Record<string, unknown>;
  /** Where it stood, for messages: `policies.yaml:12`. */
  place?: string;
}

export interface Change {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly effect: 'create' | 'update' | 'unchanged' | 'delete';
  /** Digests before and after; absent where there is none. */
  readonly before?: string;
  readonly after?: string;
  /** Lines of a unified diff of the YAML forms. */
  readonly diff: string;
}

/** One thing wrong with a document, said so that its author can mend it. */
export interface DocumentProblem {
  readonly kind: string;
  readonly name: string;
  readonly place?: string;
  /** Path inside the document, `cedar` or `agents[0]`. */
  readonly path: string;
  readonly message: string;
}

/** One thing that a policy says and that doesn't fit what there is, as the policy room tells it. */
export interface Misfit {
  readonly policy: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly help?: string;
  /** Whether such a policy is not to be put in force. */
  readonly refused: boolean;
  /** The ApprovalFlow that there is not. */
  readonly flow?: string;
}

/** A checked set of changes against one version, ready to be applied. */
export interface Plan {
  readonly baseVersion: number;
  readonly changes: readonly Change[];
  readonly problems: readonly DocumentProblem[];
  /** What may be put in force and is probably not what its author means. */
  readonly warnings: readonly DocumentProblem[];
}

/** A tool that a server has shown, as the tools room knows it; passed on to whoever checks policies against it. */
export interface ShownTool {
  readonly name: string;
  readonly pinned: boolean;
  readonly schemas: readonly unknown[];
  readonly likely: readonly { readonly argument: string; readonly reader: ArgumentReading['reader'] }[];
}

/** What servers define, by server. */
export type ShownTools = ReadonlyMap<string, readonly ShownTool[]>;

/** Who changes something, for the record. */
export interface Changer {
  readonly kind: 'service-account' | 'user' | 'gateway';
  readonly name: string;
  readonly token?: string;
  readonly sourceIp?: string;
}

/** The registry room's door: configuration documents, their versions and changes. */
export interface Registry {
  snapshot(): Snapshot;
  /** Called after a change is committed, also when another replica made it. */
  onChange(listener: (snapshot: Snapshot) => void): void;
  /**
   * Checks documents against the current version without changing anything. All problems are found, not the first.
   *
   * @param tools what servers define, for policies to be checked against; without it they are as if not yet shown
   */
  plan(
    documents: readonly DocumentInput[],
    deletions?: readonly { kind: string; name: string }[],
    tools?: ShownTools,
  ): Plan;
  /**
   * What policies say that doesn't fit the documents and what servers define.
   *
   * @param cedar a text that is not in force; without it, all policies that are
   */
  fits(tools: ShownTools, cedar?: string): readonly Misfit[];
  /**
   * Puts a plan in force: one transaction, with one `config.change` entry per change (before and after digests)
   * recorded first.
   *
   * @throws RegistryError `conflict` when the version has moved on, `invalid` when the plan has problems.
   */
  apply(plan: Plan, changer: Changer): Promise<Snapshot>;
  close(): Promise<void>;
}
