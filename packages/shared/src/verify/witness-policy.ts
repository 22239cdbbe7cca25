import { readKey } from './notes.ts';
import { Unproven } from './unproven.ts';

/** Where the policy comes from, in messages. */
const POLICY = '--policy';

/** Who must have countersigned, read from the file the gateway's operator has (C2SP tlog-policy, and `agents`). */
export interface Policy {
  /** Keys by name. */
  readonly witnesses: ReadonlyMap<string, string>;
  readonly agents: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, { readonly threshold: number; readonly members: readonly string[] }>;
  readonly quorum: string;
}

/** @throws Unproven that names the line. */
export function readPolicy(text: string): Policy {
  const witnesses = new Map<string, string>();
  const agents = new Map<string, number>();
  const groups = new Map<string, { threshold: number; members: string[] }>();
  const known = new Set(['none']);
  let quorum: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [word = '', name = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    const fail = (problem: string): never => {
      throw new Unproven(POLICY, `line ${index + 1}: ${problem}`);
    };
    if (word === '' || word === 'log') continue;
    if (word === 'quorum') {
      if (quorum !== undefined || !known.has(name)) fail(`"${name}" is no quorum, or there is one already`);
      quorum = name;
      continue;
    }
    if (name === '' || known.has(name)) fail(`"${name}" is no name, or is defined already`);
    if (word === 'witness') {
      if (readKey(rest[0] ?? '')?.timed !== true) fail('it has no key of cosignatures');
      witnesses.set(name, rest[0] ?? '');
    } else if (word === 'agents') {
      agents.set(name, threshold(rest[0] ?? '1', Number.MAX_SAFE_INTEGER, fail));
    } else if (word === 'group') {
      const [least = '', ...members] = rest;
      if (members.length === 0 || !members.every((member) => known.has(member) && member !== 'none'))
        fail('a group has members that are defined before it');
      if (new Set(members).size < members.length) fail('a member is named twice');
      const count =
        least === 'any' ? 1 : least === 'all' ? members.length : threshold(least, members.length, fail);
      groups.set(name, { threshold: count, members });
    } else {
      fail(`"${word}" is not one of witness, agents, group, quorum`);
    }
    known.add(name);
  }
  if (quorum === undefined) throw new Unproven(POLICY, 'it has no line "quorum NAME"');
  if (new Set(witnesses.values()).size < witnesses.size)
    throw new Unproven(POLICY, 'two witnesses have one key');
  return { witnesses, agents, groups, quorum };
}

/** Whether these keys are enough; an agent that the policy names as a witness stands for that name alone. */
export function isMet(
  policy: Policy,
  keys: ReadonlySet<string>,
  agentKeys: ReadonlySet<string>,
  name = policy.quorum,
): boolean {
  if (name === 'none') return true;
  const wanted = policy.agents.get(name);
  if (wanted !== undefined) {
    const named = new Set(policy.witnesses.values());
    return [...keys].filter((key) => agentKeys.has(key) && !named.has(key)).length >= wanted;
  }
  const group = policy.groups.get(name);
  if (group !== undefined)
    return group.members.filter((member) => isMet(policy, keys, agentKeys, member)).length >= group.threshold;
  return keys.has(policy.witnesses.get(name) ?? '');
}

/** Whether agents alone meet it: then the gateway, which enrols them, could have made all cosignatures itself. */
export function agentsSuffice(policy: Policy): boolean {
  if (policy.quorum === 'none') return true;
  const many = Array.from({ length: 1_000 }, (_, index) => `agent ${index}`);
  return isMet(policy, new Set(many), new Set(many));
}

function threshold(text: string, max: number, fail: (problem: string) => never): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count >= 1 && count <= max
    ? count
    : fail(`"${text}" is no threshold`);
}
