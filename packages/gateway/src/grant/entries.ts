import type { Grant, GrantActor } from './types.ts';

/** What happens to a grant, each an entry. */
export type GrantHappening =
  | 'requested'
  | 'issued'
  | 'refused'
  | 'narrowed'
  | 'withdrawn'
  | 'revoked'
  | 'expired'
  | 'used_up'
  | 'failed';

/** An entry of this room's for the audit log. */
export interface GrantEntry {
  readonly kind: `grant.${GrantHappening}`;
  readonly actor: {
    readonly kind: 'service-account' | 'user' | 'gateway';
    readonly name: string;
    readonly token?: string;
  };
  readonly source?: { readonly ip: string };
  readonly grant: string;
  readonly server: string;
  readonly session?: string;
  readonly approval?: string;
  readonly control: readonly string[];
  readonly fields: { readonly [name: string]: string | number | readonly string[] | undefined };
}

/** Makes an entry durable, or rejects. */
export type RecordGrantEntry = (entry: GrantEntry) => Promise<{ readonly id: string }>;

/** The gateway itself, where no person did it. */
export const GATEWAY_ACTOR = { kind: 'gateway', name: 'sallyport' } as const;

const CONTROL = ['PCI 7.2.5', 'PCI 8.2.5', 'CRI PR.AA-05.02'] as const;

export function grantEntry(
  happening: GrantHappening,
  grant: Grant,
  by: GrantActor | typeof GATEWAY_ACTOR,
  more: GrantEntry['fields'] = {},
): GrantEntry {
  const { argumentLimits } = grant;
  return {
    kind: `grant.${happening}`,
    actor: {
      kind: by.kind,
      name: by.name,
      ...('token' in by && by.token !== undefined ? { token: by.token } : {}),
    },
    ...('sourceIp' in by && by.sourceIp !== undefined ? { source: { ip: by.sourceIp } } : {}),
    grant: grant.id,
    server: grant.server,
    ...(grant.session === undefined ? {} : { session: grant.session }),
    ...(grant.approval === undefined ? {} : { approval: grant.approval }),
    control: CONTROL,
    fields: {
      principal: grant.principal.name,
      tools: grant.tools,
      // Names only: a limit's value may be a customer's account.
      limitedArguments: argumentLimits.map(({ argument }) => argument),
      termsDigest: grant.termsDigest,
      durationSeconds: grant.durationSeconds,
      usesMax: grant.usesMax,
      uses: grant.uses,
      reason: grant.reason.toWellFormed(),
      ticket: grant.ticket?.toWellFormed(),
      expiresAt: grant.expiresAt,
      ...more,
    },
  };
}
