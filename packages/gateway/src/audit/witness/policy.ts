import { NoteError, parseVerifierKey, SIGNATURE_TYPE } from '@sallyport/shared/merkle';
import { AuditError } from '../errors.ts';
import { POLICY_MAX_BYTES } from '../limits.ts';

/** A witness that the policy names. */
export interface PolicyWitness {
  readonly name: string;
  /** Verifier key of cosignatures. */
  readonly key: string;
  /** Where it takes checkpoints; without one it is an agent, reached through its tunnel. */
  readonly url?: string;
}

/** Met when `threshold` of the members are; a member is a witness, another group, or the agents. */
interface PolicyGroup {
  readonly threshold: number;
  readonly members: readonly string[];
}

/**
 * Who must have countersigned a checkpoint. Read from a file in the form of C2SP tlog-policy (`witness NAME VKEY
 * [URL]`, `group NAME N|any|all MEMBER…`, `quorum NAME|none`), with one line of our own: `agents NAME [N]` stands for
 * N different agents (1 where it is left out), whose keys become known when they attach.
 */
export interface WitnessPolicy {
  readonly witnesses: readonly PolicyWitness[];
  readonly agents: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, PolicyGroup>;
  /** `none`: nobody has to. */
  readonly quorum: string;
}

/** The quick start's: agents alone, which the gateway's administrators enrol. It is said wherever it is shown. */
export const AGENTS_ALONE = readPolicy('agents agents\nquorum agents\n', 'the built-in policy');

/**
 * The default outside the quick start (AUDIT.md, Witnesses): an agent and a witness that no administrator enrolled.
 * Without a file there is no such witness, so it can't be met, and that is shown until there is one.
 */
export const AGENT_AND_INDEPENDENT: WitnessPolicy = {
  witnesses: [],
  agents: new Map([['agents', 1]]),
  groups: new Map([
    ['independent', { threshold: 1, members: [] }],
    ['agent-and-independent', { threshold: 2, members: ['agents', 'independent'] }],
  ]),
  quorum: 'agent-and-independent',
};

/** @throws AuditError `invalid` that names the line. */
export function readPolicy(text: string, place: string): WitnessPolicy {
  if (text.length > POLICY_MAX_BYTES) throw wrong(place, 0, 'it is far larger than a policy');
  const witnesses: PolicyWitness[] = [];
  const agents = new Map<string, number>();
  const groups = new Map<string, PolicyGroup>();
  const known = new Set<string>(['none']);
  let quorum: string | undefined;
  const define = (name: string, at: number): string => {
    if (!/^[A-Za-z0-9._/-]{1,100}$/.test(name)) throw wrong(place, at, `"${name}" can't be a name`);
    if (known.has(name)) throw wrong(place, at, `"${name}" is defined already`);
    known.add(name);
    return name;
  };
  for (const [index, line] of text.split('\n').entries()) {
    const at = index + 1;
    const [word = '', name = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (word === '' || word === 'log') continue;
    if (word === 'witness') {
      const [key = '', url, ...more] = rest;
      if (more.length > 0) throw wrong(place, at, 'a witness has a name, a key and at most a URL');
      const witness = { name: define(name, at), key: cosignatureKey(key, place, at) };
      witnesses.push(url === undefined ? witness : { ...witness, url: witnessUrl(url, place, at) });
    } else if (word === 'agents') {
      agents.set(
        define(name, at),
        rest.length === 0 ? 1 : count(rest[0], Number.MAX_SAFE_INTEGER, place, at),
      );
    } else if (word === 'group') {
      const [threshold, ...members] = rest;
      const stranger = members.find((member) => member === 'none' || !known.has(member));
      if (members.length === 0) throw wrong(place, at, `the group "${name}" has no members`);
      if (stranger !== undefined) throw wrong(place, at, `"${stranger}" is not defined before it`);
      if (new Set(members).size < members.length) throw wrong(place, at, 'a member is named twice');
      const least =
        threshold === 'any'
          ? 1
          : threshold === 'all'
            ? members.length
            : count(threshold, members.length, place, at);
      groups.set(define(name, at), { threshold: least, members });
    } else if (word === 'quorum') {
      if (quorum !== undefined) throw wrong(place, at, 'there is a quorum already');
      if (!known.has(name)) throw wrong(place, at, `"${name}" is not defined before it`);
      quorum = name;
    } else {
      throw wrong(place, at, `"${word}" is not one of witness, agents, group, quorum`);
    }
  }
  if (quorum === undefined) throw wrong(place, 0, 'it has no line "quorum NAME"');
  if (new Set(witnesses.map(({ key }) => key)).size < witnesses.length)
    throw wrong(place, 0, 'two witnesses have one key: one of them could stand for both');
  return { witnesses, agents, groups, quorum };
}

/** Whether those who have countersigned are enough. */
export function isMet(
  policy: WitnessPolicy,
  signed: { readonly witnesses: ReadonlySet<string>; readonly agents: number },
  name: string = policy.quorum,
): boolean {
  if (name === 'none') return true;
  const agents = policy.agents.get(name);
  if (agents !== undefined) return signed.agents >= agents;
  const group = policy.groups.get(name);
  if (group === undefined) return signed.witnesses.has(name);
  return group.members.filter((member) => isMet(policy, signed, member)).length >= group.threshold;
}

/** What has to be said of a policy that proves little: its administrators could meet it by themselves. */
export function warningOf(policy: WitnessPolicy): string | undefined {
  const nobody = { witnesses: new Set<string>(), agents: 0 };
  const allAgents = { witnesses: new Set<string>(), agents: Number.MAX_SAFE_INTEGER };
  if (isMet(policy, nobody)) return 'no witness is demanded: the log vouches for itself';
  if (isMet(policy, allAgents))
    return 'agents alone: no independent witness is demanded, and the gateway enrols its agents itself';
  if (policy.witnesses.length === 0)
    return 'no independent witness is configured (witnessPolicyFile), so the quorum of one agent and one independent witness can not be met';
  return undefined;
}

/** The demanded quorum in words. */
export function demandsOf(policy: WitnessPolicy, name: string = policy.quorum): string {
  if (name === 'none') return 'nobody';
  const agents = policy.agents.get(name);
  if (agents !== undefined) return agents === 1 ? 'one agent' : `${agents} agents`;
  const group = policy.groups.get(name);
  if (group === undefined) return name;
  if (group.members.length === 0) return 'one independent witness';
  const members = group.members.map((member) => demandsOf(policy, member)).join(', ');
  return `${group.threshold} of (${members})`;
}

function cosignatureKey(text: string, place: string, at: number): string {
  try {
    if (parseVerifierKey(text).type === SIGNATURE_TYPE.cosignature) return text;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw wrong(place, at, error.message);
  }
  throw wrong(place, at, 'the key is not one of cosignatures (C2SP tlog-cosignature)');
}

function witnessUrl(text: string, place: string, at: number): string {
  const url = URL.parse(text);
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw wrong(place, at, `"${text}" is not the URL of a witness`);
  return url.href.replace(/\/+$/, '');
}

function count(text: string | undefined, max: number, place: string, at: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1 && number <= max) return number;
  throw wrong(place, at, `"${text}" is not a number that can be reached`);
}

function wrong(place: string, line: number, problem: string): AuditError {
  return new AuditError('invalid', `${place}${line === 0 ? '' : `, line ${line}`}: ${problem}.`);
}
