import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { NoteError, parseVerifierKey, SIGNATURE_TYPE } from '@sallyport/shared/merkle';
import type { Logger } from 'winston';
import type { Prove } from '../checkpoint/signer.ts';
import { AGENT_WITNESS_EVERY_MS, HTTPS_WITNESS_EVERY_MS, WITNESS_WATCH_MS } from '../limits.ts';
import type { EntryDraft, StoredCheckpoint } from '../types.ts';
import { Cosigner, type LastCosigned } from './cosigner.ts';
import { Evidence } from './evidence.ts';
import { demandsOf, isMet, type PolicyWitness, type WitnessPolicy, warningOf } from './policy.ts';
import type { WitnessTable } from './table.ts';
import type { AskWitness, QuorumState, WitnessKind } from './types.ts';

export interface WitnessesOptions {
  readonly policy: WitnessPolicy;
  readonly maxAgeMs: number;
  /** Whether calls are refused past that age. */
  readonly refuses: boolean;
  /** Reaches a witness of the policy that has a URL. */
  readonly askAt: (url: string) => AskWitness;
  readonly table: WitnessTable;
  readonly prove: Prove;
  readonly noteOf: (number: number) => Promise<string | undefined>;
  readonly record: (draft: EntryDraft) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Wall clock, milliseconds: when the log began, or the newest checkpoint that is known to be covered. */
  readonly sinceMs: number;
}

/** All who countersign one log, and whether they are enough. */
export class Witnesses {
  readonly #options: WitnessesOptions;
  readonly #cosigners = new Map<string, Cosigner>();
  readonly #watch: NodeJS.Timeout;
  /** Per key, from the runs before. */
  readonly #lasts = new Map<string, LastCosigned>();
  /** Agents' keys: one name, the key that it attached with last. */
  readonly #agentKeys = new Map<string, string>();
  #newest: StoredCheckpoint | undefined;
  #overdue = false;
  readonly #evidence: Evidence;

  private constructor(options: WitnessesOptions) {
    this.#options = options;
    this.#evidence = new Evidence(options);
    this.#watch = setInterval(() => this.#look(), WITNESS_WATCH_MS).unref();
  }

  static async open(options: WitnessesOptions): Promise<Witnesses> {
    const { table, policy } = options;
    const newest = await table.newest();
    const witnesses = new Witnesses(options);
    for (const { key, number, size, signedAt } of newest)
      witnesses.#lasts.set(key, { number, size, ts: signedAt });
    // Agents that are away count by what they countersigned; the newest key of each is its key.
    for (const { key, witness, kind } of await table.keys())
      if (kind === 'agent') witnesses.#agentKeys.set(witness, key);
    for (const witness of policy.witnesses) await witnesses.#join(witness);
    return witnesses;
  }

  /** A checkpoint was made and kept. */
  offer(checkpoint: StoredCheckpoint, hurry = false): void {
    this.#newest = checkpoint;
    for (const cosigner of this.#cosigners.values()) cosigner.offer(checkpoint, hurry);
  }

  /**
   * An agent is attached and countersigns with this key from now on. A key that is new is recorded before it counts;
   * one that replaces another is an alarm: an agent keeps its key for as long as it keeps its state.
   */
  async agentAttached(agent: string, keyText: string, ask: AskWitness): Promise<void> {
    const { logger } = this.#options;
    const name = `sallyport-agent/${agent}`;
    const key = cosignerKey(keyText);
    if (key === undefined || key.name !== name) {
      logger.warn('an agent does not countersign: its witness key is missing or not of its name', { agent });
      return;
    }
    const known = this.#cosigners.get(keyText);
    if (known !== undefined) {
      known.reachBy(ask);
    } else {
      await this.#keepKey(keyText, name, 'agent');
      // Another attach of the same agent may have come first.
      if (!this.#cosigners.has(keyText))
        this.#cosigners.set(keyText, this.#cosigner({ name, kind: 'agent', keyText, ask }));
    }
    this.#agentKeys.set(name, keyText);
    if (this.#newest !== undefined) this.#cosigners.get(keyText)?.offer(this.#newest, true);
  }

  state(): QuorumState {
    const { policy, maxAgeMs, refuses } = this.#options;
    const covered = this.#covered();
    const ageMs = this.#ageMs(covered);
    const warning = warningOf(policy);
    return {
      met: ageMs <= maxAgeMs,
      demands: demandsOf(policy),
      ...(warning === undefined ? {} : { warning }),
      ageSeconds: Math.round(ageMs / 1_000),
      maxAgeSeconds: Math.round(maxAgeMs / 1_000),
      refuses,
      ...(covered === undefined ? {} : { checkpoint: covered }),
      witnesses: [...this.#cosigners.values()]
        .filter(({ kind, name, keyText }) => kind === 'witness' || this.#agentKeys.get(name) === keyText)
        .map((cosigner) => cosigner.state()),
    };
  }

  /** Why calls are refused; undefined while they are not. */
  refusal(): string | undefined {
    const { refuses, maxAgeMs, policy } = this.#options;
    if (!refuses) return undefined;
    const ageMs = this.#ageMs(this.#covered());
    if (ageMs <= maxAgeMs) return undefined;
    return `no quorum of witnesses (${demandsOf(policy)}) has countersigned the log for ${Math.round(ageMs / 1_000)} s`;
  }

  /** Resolves when the quorum covers a checkpoint, or the time is over. */
  async settled(checkpoint: StoredCheckpoint, maxMs: number): Promise<void> {
    this.offer(this.#newest ?? checkpoint, true);
    const until = this.#options.clock.monotonicMs() + maxMs;
    const reached = (): boolean =>
      (this.#covered()?.number ?? -1) >= checkpoint.number &&
      [...this.#cosigners.values()].every(({ last }) => (last?.number ?? -1) >= checkpoint.number);
    while (!reached() && this.#options.clock.monotonicMs() < until) await sleep(20);
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all([...this.#cosigners.values()].map((cosigner) => cosigner.stop()));
    await this.#evidence.kept();
  }

  async #join({ name, key, url }: PolicyWitness): Promise<void> {
    await this.#keepKey(key, name, 'witness');
    // Without a URL it is an agent whose key is pinned by the policy: it comes with its tunnel.
    if (url === undefined) return;
    const ask = this.#options.askAt(url);
    this.#cosigners.set(key, this.#cosigner({ name, kind: 'witness', keyText: key, ask }));
  }

  #cosigner(given: { name: string; kind: WitnessKind; keyText: string; ask: AskWitness }): Cosigner {
    const { prove, clock, logger, table, noteOf } = this.#options;
    const { name, kind, keyText, ask } = given;
    return new Cosigner({
      name,
      kind,
      key: parseVerifierKey(keyText),
      ask,
      everyMs: kind === 'agent' ? AGENT_WITNESS_EVERY_MS : HTTPS_WITNESS_EVERY_MS,
      last: this.#lasts.get(keyText),
      prove,
      clock,
      noteOf,
      keep: (cosignature) => table.keepCosignature(cosignature),
      onConflict: (conflict) => this.#evidence.keep(conflict),
      onCosigned: () => this.#look(),
      onProblem: (problem) => logger.warn('a witness does not countersign', { witness: name, problem }),
    });
  }

  async #keepKey(key: string, witness: string, kind: WitnessKind): Promise<void> {
    const { table, record, clock, logger } = this.#options;
    const known = await table.keys();
    if (known.some((each) => each.key === key)) return;
    const replaced = known.findLast((each) => each.witness === witness)?.key;
    if (replaced !== undefined)
      logger.error('A WITNESS HAS ANOTHER KEY THAN BEFORE', { witness, key, replaced });
    await record({
      kind: 'witness.key',
      fields: { witness, key, kind, ...(replaced === undefined ? {} : { replaced }) },
    });
    await table.keepKey(key, witness, kind, new Date(clock.now()));
  }

  /** The newest checkpoint that enough of them cover: who countersigned a later one has seen that it extends this. */
  #covered(): LastCosigned | undefined {
    const { policy } = this.#options;
    const lasts = [...this.#lastsNow()];
    const candidates = lasts.map(({ last }) => last).sort((a, b) => b.number - a.number);
    return candidates.find(({ number }) => {
      const covering = lasts.filter(({ last }) => last.number >= number);
      const agents = covering.filter(({ agent }) => agent).length;
      const keys = new Set(covering.map(({ key }) => key));
      const names = policy.witnesses.filter(({ key }) => keys.has(key)).map(({ name }) => name);
      return isMet(policy, { agents, witnesses: new Set(names) });
    });
  }

  *#lastsNow(): Generator<{ key: string; agent: boolean; last: LastCosigned }> {
    const named = this.#options.policy.witnesses.map(({ key }) => key);
    for (const key of new Set([...named, ...this.#agentKeys.values()])) {
      const last = this.#cosigners.get(key)?.last ?? this.#lasts.get(key);
      // An agent that the policy names stands for its own name alone: one key is one vote.
      if (last !== undefined) yield { key, agent: !named.includes(key), last };
    }
  }

  #ageMs(covered: LastCosigned | undefined): number {
    if (this.#options.policy.quorum === 'none') return 0;
    const sinceMs = covered === undefined ? this.#options.sinceMs : Date.parse(covered.ts);
    return Math.max(0, this.#options.clock.now() - sinceMs);
  }

  /** Alarms once when the quorum is overdue, and says once that it is there again. */
  #look(): void {
    const state = this.state();
    if (state.met === !this.#overdue) return;
    this.#overdue = !state.met;
    const { demands, ageSeconds, refuses } = state;
    if (state.met) this.#options.logger.info('the quorum of witnesses countersigns again', { demands });
    else
      this.#options.logger.error('NO QUORUM OF WITNESSES COUNTERSIGNS THE AUDIT LOG', {
        demands,
        ageSeconds,
        refuses,
      });
    const missing = state.witnesses.filter(({ problem }) => problem !== undefined).map(({ name }) => name);
    this.#note({
      kind: state.met ? 'witness.quorum_regained' : 'witness.quorum_lost',
      fields: { demands, ageSeconds, missing },
    });
  }

  #note(draft: EntryDraft): void {
    this.#options.record(draft).catch((error: unknown) => {
      this.#options.logger.error('what happened to witnesses was not recorded', { reason: errorText(error) });
    });
  }
}

function cosignerKey(text: string) {
  try {
    const key = parseVerifierKey(text);
    return key.type === SIGNATURE_TYPE.cosignature ? key : undefined;
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}
