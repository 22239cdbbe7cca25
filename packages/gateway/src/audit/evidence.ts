/**
 * What is kept beside an entry and apart from it: never in the leaf, which has digests and a commitment.
 * Durable with the entry, by the same statement.
 */
export interface Evidence {
  /** The masked message, to be found again by the digest that the entry has of it. */
  readonly body?: Buffer;
  /** The exact request; sealed before it leaves memory. */
  readonly original?: Buffer;
}

/** Why a body is not kept, for the entry: its digest and size then are all there is. */
export type Omitted = 'size' | 'unmaskable' | 'card-code';
