/**
 * What the gateway and a signer of its own process say to each other: HTTP over a Unix socket, JSON bodies.
 *
 * `GET /signer` tells the keys and the last checkpoint; `POST /known` hands back one that the signer has lost;
 * `POST /sign` asks for the next. 409 is the signer's refusal, 412 says that the proof is not from its last.
 */
export interface SignerState {
  readonly origin: string;
  readonly keys: readonly string[];
  readonly last?: string;
}

export interface SignRequest {
  readonly size: number;
  /** Hexadecimal. */
  readonly root: string;
  /** The gateway's time, milliseconds since 1970. */
  readonly nowMs: number;
  /** Size that the proof begins from: that of the signer's last checkpoint. */
  readonly from: number;
  /** Base 64. */
  readonly proof: readonly string[];
}

/** @returns undefined when it is none. */
export function readSignRequest(value: unknown): SignRequest | undefined {
  const { size, root, nowMs, from, proof } = membersOf(value);
  if (!isCount(size) || !isCount(nowMs) || !isCount(from)) return undefined;
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) return undefined;
  if (!Array.isArray(proof) || proof.length > 64) return undefined;
  if (!proof.every((hash) => typeof hash === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(hash))) return undefined;
  return { size, root, nowMs, from, proof };
}

/** @returns undefined when it is none. */
export function readSignerState(value: unknown): SignerState | undefined {
  const { origin, keys, last } = membersOf(value);
  if (typeof origin !== 'string' || !Array.isArray(keys) || keys.length !== 2) return undefined;
  if (!keys.every((key) => typeof key === 'string')) return undefined;
  return { origin, keys, ...(typeof last === 'string' ? { last } : {}) };
}

/** The members of what was read as JSON; whatever is no object has none. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  // An object that JSON.parse made has no members but its own data.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
