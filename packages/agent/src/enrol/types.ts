import type { TunnelClient } from '@sallyport/proto';

/** All that makes this agent who it is. Stored as one file, so that key and certificate can never be of two. */
export interface Identity {
  readonly agentName: string;
  readonly keyPem: string;
  readonly certificatePem: string;
  /** What the agent trusts; may hold two certificates while the gateway's authority is being replaced. */
  readonly authorityPem: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type Connect = (
  address: Address,
  trust: { readonly authorityPem: string; readonly keyPem?: string; readonly certificatePem?: string },
) => TunnelClient;
