import { createPublicKey, verify } from 'node:crypto';
import type { RuleSet } from '@sallyport/shared/masking-rules';
import { AgentMaskingError } from './errors.ts';

/** Rules as they came from the gateway: the signed bytes and what they were signed with. */
export interface SignedRules {
  readonly version: number;
  readonly document: Buffer;
  readonly signature: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
}

/** What the document says. */
export interface RulesDocument extends RuleSet {
  readonly agent: string;
  /** Name of the Server document → name of the server in agent.yaml. */
  readonly names: Readonly<Record<string, string>>;
  /** For rules that hash: 32 bytes, base64. */
  readonly hashKey: string;
}

/** Set before the document when it is signed: a signature of anything else proves nothing here. */
const CONTEXT = Buffer.from('sallyport-masking-rules/1\n');

/**
 * Reads signed rules.
 * @throws AgentMaskingError where they are not what the key signed, are another agent's, or can't be read
 */
export function readRules(signed: SignedRules, agent: string): RulesDocument {
  const { document, signature, publicKey, version } = signed;
  if (!signatureHolds(document, signature, publicKey)) {
    throw new AgentMaskingError('rules_unsigned', 'the masking rules do not bear a valid signature');
  }
  const read = parse(document);
  if (read?.version !== version || read.agent !== agent) {
    throw new AgentMaskingError('rules_malformed', 'the masking rules are not of this agent and version');
  }
  return read;
}

function signatureHolds(document: Buffer, signature: Buffer, publicKey: Buffer): boolean {
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    return (
      key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.concat([CONTEXT, document]), key, signature)
    );
  } catch {
    return false;
  }
}

/** The signature proves that a gateway wrote it; what is checked is that this agent can use it. */
function parse(document: Buffer): RulesDocument | undefined {
  try {
    const value: unknown = JSON.parse(document.toString('utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    // Cast: members are checked below, their own members by the compiler of plans.
    const { version, agent, servers, names, rules, hashKey } = value as Partial<RulesDocument>;
    if (!Number.isSafeInteger(version) || typeof agent !== 'string' || typeof hashKey !== 'string')
      return undefined;
    if (typeof servers !== 'object' || typeof names !== 'object' || !Array.isArray(rules)) return undefined;
    return value as RulesDocument;
  } catch {
    return undefined;
  }
}
