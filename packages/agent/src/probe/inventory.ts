import { PROBE_RETRY_MAX_MS, PROBE_RETRY_MIN_MS, PROBES_AT_ONCE } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { askServer, unprobed } from './ask-server.ts';
import type { Ask, Era, Probed, ServerStatus } from './types.ts';

interface Known<Definition> {
  readonly definition: Definition;
  status: ServerStatus;
  failures: number;
  retry: NodeJS.Timeout | undefined;
}

export interface InventoryOptions<Definition> {
  readonly ask: Ask<Definition>;
  readonly agentVersion: string;
  readonly log: Logger;
  /** Something the gateway should hear of has changed. */
  readonly onChange: () => void;
}

/** What is known of each server of agent.yaml, kept up to date by probes: PROBES_AT_ONCE at a time, bounded. */
export class Inventory<Definition extends Probed> {
  readonly #options: InventoryOptions<Definition>;
  readonly #servers = new Map<string, Known<Definition>>();
  readonly #waiting = new Set<Known<Definition>>();
  #running = 0;
  #stopped = false;

  constructor(options: InventoryOptions<Definition>) {
    this.#options = options;
  }

  statuses(): ServerStatus[] {
    return [...this.#servers.values()].map((known) => known.status);
  }

  /** Protocol eras a server was seen to speak. */
  eras(name: string): readonly Era[] {
    return this.#servers.get(name)?.status.eras ?? [];
  }

  /** Takes the servers of a configuration; those in `unchanged` keep what is known of them. */
  set(definitions: Iterable<Definition>, unchanged: ReadonlySet<string>): void {
    const before = new Map(this.#servers);
    this.#servers.clear();
    for (const definition of definitions) {
      const known = before.get(definition.name);
      if (known !== undefined && unchanged.has(definition.name)) {
        before.delete(definition.name);
        this.#servers.set(definition.name, known);
        continue;
      }
      const fresh = { definition, status: unprobed(definition), failures: 0, retry: undefined };
      this.#servers.set(definition.name, fresh);
      this.#waiting.add(fresh);
    }
    for (const gone of before.values()) {
      clearTimeout(gone.retry);
      this.#waiting.delete(gone);
    }
    this.#options.onChange();
    this.#next();
  }

  /** Probes a server again, now. An unknown name is ignored. */
  probe(name: string): void {
    const known = this.#servers.get(name);
    if (known === undefined) return;
    clearTimeout(known.retry);
    this.#waiting.add(known);
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const known of this.#servers.values()) clearTimeout(known.retry);
  }

  #next(): void {
    for (const known of this.#waiting) {
      if (this.#stopped || this.#running >= PROBES_AT_ONCE) return;
      this.#waiting.delete(known);
      this.#running += 1;
      void this.#probeOne(known).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #probeOne(known: Known<Definition>): Promise<void> {
    const { ask, agentVersion, log, onChange } = this.#options;
    const status = await askServer(known.definition, ask, agentVersion);
    const { name } = known.definition;
    if (this.#stopped || this.#servers.get(name) !== known) return;
    const news = JSON.stringify(status) !== JSON.stringify(known.status);
    known.status = status;
    if (status.problem === '') {
      known.failures = 0;
      if (news)
        log.info('server answers', { server: name, eras: status.eras, versions: status.protocolVersions });
    } else {
      const waitMs = Math.min(PROBE_RETRY_MAX_MS, PROBE_RETRY_MIN_MS * 2 ** Math.min(known.failures, 20));
      known.failures += 1;
      known.retry = setTimeout(() => this.probe(name), waitMs);
      known.retry.unref();
      if (news) log.warn('server has a problem', { server: name, problem: status.problem });
    }
    if (news) onChange();
  }
}
