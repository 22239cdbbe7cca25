import { type NumberLexeme, withinLimits } from './argument-limits.ts';
import type { Grant, GrantQuestion } from './types.ts';

/** A call whose arguments are not known yet. */
export type AnyArguments = Omit<GrantQuestion, 'arguments'>;

/** Grants in force, in memory, by principal and server. */
export class InForce {
  readonly #byKey = new Map<string, Grant[]>();
  readonly #byId = new Map<string, Grant>();

  get(id: string): Grant | undefined {
    return this.#byId.get(id);
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Grant[] {
    return [...this.#byId.values()];
  }

  put(grant: Grant): void {
    this.remove(grant.id);
    this.#byId.set(grant.id, grant);
    const key = keyOf(grant.principal.kind, grant.principal.name, grant.server);
    const list = this.#byKey.get(key) ?? [];
    list.push(grant);
    list.sort((a, b) => endOf(a) - endOf(b));
    this.#byKey.set(key, list);
  }

  remove(id: string): void {
    const grant = this.#byId.get(id);
    if (grant === undefined) return;
    this.#byId.delete(id);
    const key = keyOf(grant.principal.kind, grant.principal.name, grant.server);
    const left = this.#byKey.get(key)?.filter((each) => each.id !== id) ?? [];
    if (left.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, left);
  }

  /** The grant that permits the call at that time: the one that ends first. */
  match(question: GrantQuestion | AnyArguments, nowMs: number, lexemeOf: NumberLexeme): Grant | undefined {
    const { principal, server } = question;
    const candidates = this.#byKey.get(keyOf(principal.kind, principal.name, server));
    if (candidates === undefined) return undefined;
    let args: { readonly read: unknown } | undefined;
    return candidates.find((grant) => {
      if (endOf(grant) <= nowMs) return false;
      if (grant.usesMax !== undefined && grant.uses >= grant.usesMax) return false;
      if (grant.session !== undefined && grant.session !== question.session) return false;
      if (!covers(grant, question.on)) return false;
      // To connect and to list is to send nothing yet.
      if (question.on === 'server' || !('arguments' in question)) return true;
      if (grant.argumentLimits.length === 0) return true;
      args ??= { read: question.arguments?.() };
      return withinLimits(args.read, grant.argumentLimits, lexemeOf);
    });
  }
}

function covers({ tools }: Grant, on: GrantQuestion['on']): boolean {
  if (on === 'server' || tools.length === 0) return true;
  return on !== 'other' && tools.includes(on.tool);
}

function endOf(grant: Grant): number {
  return grant.expiresAt === undefined ? 0 : Date.parse(grant.expiresAt);
}

/** Names have neither control characters nor line ends, so no two triples make one key. */
function keyOf(kind: string, name: string, server: string): string {
  return `${kind}\n${name}\n${server}`;
}
