import type { Approval, Decider, Person } from './types.ts';

/** What happens to an approval, each an entry. */
export type ApprovalHappening =
  | 'requested'
  | 'decided'
  | 'used'
  | 'expired'
  | 'withdrawn'
  | 'superseded'
  | 'escalated'
  | 'reviewed'
  | 'unconfirmed'; // the step that these entries tell of did not come about

type FieldValue = string | number | boolean | readonly string[] | undefined;

/** An entry of this room's for the audit log. */
export interface ApprovalEntry {
  readonly kind: `approval.${ApprovalHappening}`;
  readonly actor: {
    readonly kind: Person['kind'] | 'gateway';
    readonly name: string;
    readonly token?: string;
  };
  readonly source?: { readonly ip: string };
  readonly approval: string;
  readonly server: string;
  readonly tool?: string;
  readonly grant?: string;
  readonly session?: string;
  readonly control: readonly string[];
  readonly fields: { readonly [name: string]: FieldValue };
}

/** The gateway itself, where no person did it. */
export const GATEWAY_ACTOR = { kind: 'gateway', name: 'sallyport' } as const;

export type Actor =
  | typeof GATEWAY_ACTOR
  | Decider
  | (Person & { readonly token?: string; readonly sourceIp?: string });

/** Separation of duties (NIST AC-5, AC-3(2)); FFIEC IS II.C.7(c), II.C.15. */
const CONTROL = ['AC-3(2)', 'AC-5', 'FFIEC IS II.C.7(c)'] as const;

/** Names, digests and codes; never an argument. */
export function approvalEntry(
  happening: ApprovalHappening,
  approval: Approval,
  by: Actor,
  more: ApprovalEntry['fields'] & { readonly session?: string } = {},
): ApprovalEntry {
  const { session, ...fields } = more;
  const token = 'proof' in by ? (by.proof.method === 'token' ? by.proof.token : undefined) : tokenOf(by);
  const ip = 'sourceIp' in by ? by.sourceIp : undefined;
  return {
    kind: `approval.${happening}`,
    actor: { kind: by.kind, name: by.name, ...(token === undefined ? {} : { token }) },
    ...(ip === undefined ? {} : { source: { ip } }),
    approval: approval.id,
    server: approval.server,
    ...(approval.tool === undefined ? {} : { tool: approval.tool }),
    ...(approval.grant === undefined ? {} : { grant: approval.grant }),
    ...(session === undefined ? {} : { session }),
    control: CONTROL,
    fields: {
      digest: approval.digest,
      requester: approval.requester.name,
      state: approval.state,
      flows: approval.flows,
      policyVersion: approval.policyVersion,
      ...fields,
    },
  };
}

function tokenOf(by: Actor): string | undefined {
  return 'token' in by ? by.token : undefined;
}
