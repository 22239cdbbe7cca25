import { sign } from 'node:crypto';
import type { NamedRule, RuleSet } from '@sallyport/shared/masking-rules';
import { named } from '@sallyport/shared/masking-rules';
import type { MaskingKeys } from './keys.ts';

/** Rules for one agent, signed: what the tunnel hands over (tunnel.proto, MaskingRules). */
export interface SignedRules {
  readonly version: number;
  readonly document: Buffer;
  readonly signature: Buffer;
  readonly publicKey: Buffer;
}

/** A server as the registry knows it: who serves it, and under which name. */
export interface ServedServer {
  readonly name: string;
  readonly agents: readonly string[];
  readonly agentServer: string;
}

/** Set before the document when it is signed: a signature of anything else proves nothing at the agent. */
const CONTEXT = Buffer.from('sallyport-masking-rules/1\n');

/**
 * The rules of each agent: those of its own servers, and nothing of others.
 *
 * The version is that of the registry at which an agent's rules last changed, so that a change of something else
 * moves no agent, and every replica comes to numbers that only grow.
 */
export class AgentRules {
  readonly #keys: MaskingKeys;
  readonly #signed = new Map<string, { readonly content: string; readonly signed: SignedRules }>();
  #set: RuleSet;
  #servers: readonly ServedServer[];

  constructor(keys: MaskingKeys, set: RuleSet, servers: readonly ServedServer[]) {
    this.#keys = keys;
    this.#set = set;
    this.#servers = servers;
  }

  use(set: RuleSet, servers: readonly ServedServer[]): void {
    this.#set = set;
    this.#servers = servers;
    for (const agent of this.#signed.keys()) this.of(agent, true);
  }

  /** What the agent must have. */
  of(agent: string, changed = false): SignedRules {
    const known = this.#signed.get(agent);
    if (known !== undefined && !changed) return known.signed;
    const content = this.#contentFor(agent);
    const text = JSON.stringify(content);
    if (known?.content === text) return known.signed;
    // The registry's version is 0 before its first change, and an agent with version 0 has no rules.
    const version = this.#set.version + 1;
    const document = Buffer.from(JSON.stringify({ version, ...content }));
    const signature = sign(null, Buffer.concat([CONTEXT, document]), this.#keys.signing);
    const signed = { version, document, signature, publicKey: this.#keys.publicDer };
    this.#signed.set(agent, { content: text, signed });
    return signed;
  }

  #contentFor(agent: string): object {
    const own = this.#servers.filter(({ agents }) => agents.includes(agent));
    const concerns = ({ spec }: NamedRule): boolean =>
      spec.enabled &&
      spec.scope.direction !== 'to-server' &&
      (spec.scope.servers.length === 0 || own.some(({ name }) => named(spec.scope.servers, name)));
    return {
      agent,
      names: Object.fromEntries(own.map(({ name, agentServer }) => [name, agentServer])),
      servers: Object.fromEntries(
        own.flatMap(({ name }) => {
          const masking = this.#set.servers[name];
          return masking === undefined ? [] : [[name, masking]];
        }),
      ),
      rules: this.#set.rules.filter(concerns),
      hashKey: this.#keys.hash.toString('base64'),
    };
  }
}
