import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureAgentConfig } from './agent-config.ts';
import { announcement } from './announce.ts';
import { build } from './build.ts';
import { applyDocuments } from './documents.ts';
import { untilEarlierProcessesEnded } from './earlier.ts';
import { readObject, writePrivately } from './files.ts';
import { GatewayApi, untilAnswers } from './gateway-api.ts';
import {
  AGENT_READY_MS,
  BANK_READY_MS,
  ENROLMENT_TOKEN_SECONDS,
  GATEWAY_READY_MS,
  STOP_AGENT_MS,
  STOP_GATEWAY_MS,
} from './limits.ts';
import { type Lock, takeLock } from './lock.ts';
import { agentMember, bankMember, gatewayMember } from './members.ts';
import { type Notes, readNotes, writeNotes } from './notes.ts';
import { freePort, requireFreePorts } from './ports.ts';
import { endPostgres } from './postgres.ts';
import { type Ended, type Member, untilReady } from './processes.ts';
import type { Progress } from './progress.ts';
import { gatewayUrl, type QuickstartFile, readPostmaster, writeQuickstartFile } from './quickstart-file.ts';
import { ensureSamples } from './samples.ts';
import { untilProbed } from './servers.ts';
import type { Settings } from './settings.ts';
import type { Stopping } from './stopping.ts';
import { ensureTokens, keepTokens, openAdminApi, removeBootstrap, type Tokens } from './tokens.ts';

const CONFIG = fileURLToPath(new URL('config', import.meta.url));

/** One run of the quick start: brings everything up, keeps it up, takes it down. */
export class QuickStart {
  readonly #settings: Settings;
  readonly #progress: Progress;
  readonly #stopping: Stopping;
  #lock: Lock | undefined;
  #gateway: Member | undefined;
  #agent: Member | undefined;
  #bank: Member | undefined;
  #tokens: Tokens | undefined;

  constructor(settings: Settings, progress: Progress, stopping: Stopping) {
    this.#settings = settings;
    this.#progress = progress;
    this.#stopping = stopping;
  }

  /** Resolves when all is up and announced. @throws StartError; the stop signal's reason when stopped meanwhile. */
  async bringUp(): Promise<void> {
    const { paths } = this.#settings;
    await this.#prepareFolder();
    await this.#step('build', async () =>
      build(this.#settings.workspace, this.#settings.environment, this.#stopping.stop),
    );
    const notes = await readNotes(paths.notesFile);
    notes.bankPort = await freePort(notes.bankPort);

    const gateway = await this.#startGateway();
    const api = await this.#configure(gateway, notes);
    const bank = await this.#startBank(notes.bankPort);
    const { agent, problems } = await this.#startAgent(api, notes);

    this.#supervise([gateway, bank, agent]);
    const file = await this.#writeFile();
    this.#announce(file, problems);
  }

  /** Stops what was started, in order: agent and bank, then the gateway and with it Postgres, then what is left. */
  async takeDown(): Promise<void> {
    const { hurry } = this.#stopping;
    await Promise.all([this.#agent?.stop(STOP_AGENT_MS, hurry), this.#bank?.stop(STOP_AGENT_MS, hurry)]);
    await this.#gateway?.stop(STOP_GATEWAY_MS, hurry);
    // Without a lock of ours a Postgres in that folder is somebody else's.
    if (this.#lock !== undefined) await endPostgres(await readPostmaster(this.#settings));
    for (const member of [this.#agent, this.#bank, this.#gateway]) member?.log.close();
    this.#lock?.release();
  }

  async #prepareFolder(): Promise<void> {
    const { dataDir, paths, port, tunnelPort } = this.#settings;
    if (!existsSync(dataDir)) {
      mkdirSync(dataDir, { recursive: true });
      // Postgres as nobody must pass through when we are root; names inside are no secret, contents are 0600.
      chmodSync(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
    }
    this.#lock = takeLock(
      paths.lockFile,
      ({ pid, since }) =>
        `Sallyport runs already on this data folder (${dataDir}): process ${pid}, since ${since}.\n` +
        `Its addresses are in ${paths.quickstartFile}. Stop it (Ctrl-C there, or: kill ${pid}), ` +
        'or start a second one with its own SALLYPORT_DATA_DIR, SALLYPORT_PORT and SALLYPORT_TUNNEL_PORT.',
    );
    await untilEarlierProcessesEnded(await readObject(paths.quickstartFile), this.#stopping.stop, (text) =>
      this.#progress.line(`  ${text}`),
    );
    // A script that waits for the file must find the one of this start, when all is ready.
    if (existsSync(paths.quickstartFile)) renameSync(paths.quickstartFile, paths.earlierFile);
    await requireFreePorts([
      { port, variable: 'SALLYPORT_PORT', use: 'the gateway' },
      { port: tunnelPort, variable: 'SALLYPORT_TUNNEL_PORT', use: "the agents' tunnel" },
    ]);
  }

  async #startGateway(): Promise<Running> {
    const gateway = gatewayMember(this.#settings);
    this.#gateway = gateway;
    const ended = gateway.start();
    await this.#step('gateway', async (show) => {
      show('Postgres, migrations, keys');
      const health = untilAnswers(`http://127.0.0.1:${this.#settings.port}/healthz`, this.#stopping.stop);
      await untilReady(gateway, ended, health, GATEWAY_READY_MS);
      return `process ${gateway.pid}, Postgres ${(await readPostmaster(this.#settings))?.pid ?? 'elsewhere'}`;
    });
    return { member: gateway, ended };
  }

  async #configure(gateway: Running, notes: Notes): Promise<GatewayApi> {
    const base = gatewayUrl(this.#settings);
    let api: GatewayApi | undefined;
    const work = async (): Promise<string> => {
      const first = await openAdminApi(this.#settings, base);
      const note = await applyDocuments(first, CONFIG, notes);
      await writeNotes(this.#settings.paths.notesFile, notes);
      const { tokens, created } = await ensureTokens(first, this.#settings, base);
      this.#tokens = tokens;
      await keepTokens(this.#settings, tokens);
      await removeBootstrap(this.#settings, base, tokens.admin);
      api = new GatewayApi(base, tokens.admin);
      return `${note}; tokens ${created === 0 ? 'kept' : `made (${created})`}`;
    };
    await this.#step('servers and policies', () =>
      untilReady(gateway.member, gateway.ended, work(), GATEWAY_READY_MS),
    );
    if (api === undefined) throw new Error('a step that did not throw has opened the API');
    return api;
  }

  async #startBank(port: number): Promise<Running> {
    const bank = bankMember(this.#settings, () => port);
    this.#bank = bank;
    const ended = bank.start();
    await this.#step('core-banking (HTTP)', async () => {
      const listening = bank.message((message) =>
        typeof message === 'object' && message !== null && 'listening' in message
          ? message.listening
          : undefined,
      );
      await untilReady(bank, ended, listening, BANK_READY_MS);
      return `port ${port}`;
    });
    return { member: bank, ended };
  }

  async #startAgent(api: GatewayApi, notes: Notes): Promise<{ agent: Running; problems: string[] }> {
    const { paths, port } = this.#settings;
    const agent = agentMember(this.#settings);
    this.#agent = agent;
    let ended: Promise<Ended> | undefined;
    let problems: string[] = [];
    await this.#step('agent', async (show) => {
      await ensureSamples(paths.samples);
      const note = await ensureAgentConfig(this.#settings, notes.bankPort ?? 0, notes);
      await writeNotes(paths.notesFile, notes);
      // One time and ten minutes: the agent uses it only if it has no certificate that holds.
      const { token } = await api.post('/agents/tokens', {
        agent: 'quickstart',
        expiresInSeconds: ENROLMENT_TOKEN_SECONDS,
      });
      await writePrivately(paths.agentTokenFile, `${token}\n`);
      ended = agent.start();
      show('enrolling and attaching');
      await untilReady(
        agent,
        ended,
        untilAnswers(`http://127.0.0.1:${port}/readyz`, this.#stopping.stop),
        AGENT_READY_MS,
      );
      rmSync(paths.agentTokenFile, { force: true });
      const probed = untilProbed(api, AGENT_READY_MS, this.#stopping.stop, (names) =>
        show(`asking ${names}`),
      );
      problems = await untilReady(agent, ended, probed, AGENT_READY_MS * 2);
      return `process ${agent.pid}, ${note}`;
    });
    if (ended === undefined) throw new Error('a step that did not throw has started the agent');
    return { agent: { member: agent, ended }, problems };
  }

  #supervise(running: readonly Running[]): void {
    const rewrite = (): void => {
      void this.#writeFile().catch((error: unknown) => this.#progress.line(`  ${String(error)}`));
    };
    for (const { member, ended } of running) {
      const onStarted = (): void => {
        rewrite();
        if (member !== this.#gateway) return;
        // Postgres has a new process id too, once the gateway is up.
        const health = `http://127.0.0.1:${this.#settings.port}/healthz`;
        void untilAnswers(health, this.#stopping.stop).then(rewrite, () => undefined);
      };
      void member.supervise(ended, (text) => this.#progress.line(`  ${text}`), onStarted);
    }
  }

  async #writeFile(): Promise<QuickstartFile | undefined> {
    if (this.#tokens === undefined || this.#stopping.stop.aborted) return undefined;
    const postgres = (await readPostmaster(this.#settings))?.pid ?? null;
    return await writeQuickstartFile(this.#settings, this.#tokens, {
      gateway: this.#gateway?.pid ?? null,
      agent: this.#agent?.pid ?? null,
      postgres,
    });
  }

  #announce(file: QuickstartFile | undefined, problems: readonly string[]): void {
    if (file === undefined) return;
    this.#progress.line(`\n  Sallyport is ready (${this.#progress.elapsed()}).`);
    for (const problem of problems) this.#progress.line(`  ! ${problem}`);
    this.#progress.line(announcement(file, this.#settings));
  }

  /** A step ends at once when a stop is wished, though its work may go on in the background until it is taken down. */
  #step(title: string, work: (show: (text: string) => void) => Promise<string | undefined>): Promise<void> {
    const { stop } = this.#stopping;
    stop.throwIfAborted();
    const stopped = new Promise<never>((_, reject) => {
      stop.addEventListener('abort', () => reject(stop.reason), { once: true });
    });
    return this.#progress.step(title, (show) => Promise.race([work(show), stopped]));
  }
}

interface Running {
  readonly member: Member;
  /** End of its present life. */
  readonly ended: Promise<Ended>;
}
