import { systemClock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { newId } from '@sallyport/shared/ids';
import {
  type AgentConfig,
  formatAddress,
  parseAddress,
  readConfig,
  type ServerDefinition,
  watchConfig,
} from './config/index.ts';
import { drain } from './drain.ts';
import { type Identity, Renewer } from './enrol/index.ts';
import { openSessionSlots, relayedHeaders } from './guard/index.ts';
import { obtainIdentity } from './identity.ts';
import { SESSIONS_MAX } from './limits.ts';
import { AgentMasking } from './masking/index.ts';
import { Inventory } from './probe/index.ts';
import { Receipts } from './receipts/index.ts';
import { Relay, RelayRefusal, type StartServer } from './relay/index.ts';
import { openServerRooms, type ServerRooms } from './server-rooms.ts';
import { converse, type ServerConnection, ServerError } from './servers/index.ts';
import { type Logger, openLogger } from './telemetry/index.ts';
import { ToolLists } from './tool-lists.ts';
import { type ConnectClient, openClients, Tunnels } from './tunnel/index.ts';
import { agentVersion } from './version.ts';
import { openWitness, type Witness } from './witness/index.ts';

export interface AgentOptions {
  /** agent.yaml. */
  readonly configFile: string;
  /** Where the agent's key and certificate are kept. */
  readonly stateDir: string;
  /** One-time token, used only where the state holds no certificate that still holds. */
  readonly token?: string;
  readonly logger?: Logger;
  readonly logLevel?: string;
  /** Ends waiting for a gateway that can't be reached yet. */
  readonly signal?: AbortSignal;
}

export interface RunningAgent {
  readonly agentName: string;
  /** Sessions alive. */
  sessionCount(): number;
  /** Tunnels that have been welcomed. */
  tunnelCount(): number;
  /** Lets calls in flight finish within a limit, then ends everything this agent has started. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts an agent in this process.
 *
 * @throws ConfigError, EnrolError: what is wrong and what to do is in the message.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const log = options.logger ?? openLogger(options.logLevel ?? 'info', 'agent');
  const read = readConfig(options.configFile);
  const connect = openClients();
  const version = agentVersion();
  const identity = await obtainIdentity({ ...options, config: read.config, connect, version, log });
  const { agentName } = identity;
  const witness = await openWitness({ ...options, agentName, log: log.child({ room: 'witness' }) });
  const agent = new Agent(options, read.config, { identity, witness }, connect, version, log);
  const watch = watchConfig(
    options.configFile,
    read,
    (config) => agent.reconfigure(config),
    (problem) => log.error('agent.yaml can not be used; what was valid before stays in force', { problem }),
  );
  agent.start(() => watch.stop());
  return agent;
}

class Agent implements RunningAgent {
  readonly agentName: string;
  readonly #log: Logger;
  readonly #rooms: ServerRooms;
  readonly #masking: AgentMasking;
  readonly #receipts: Receipts;
  readonly #relay: Relay;
  readonly #inventory: Inventory<ServerDefinition>;
  readonly #toolLists: ToolLists;
  readonly #witness: Witness;
  readonly #renewer: Renewer;
  readonly #tunnels: Tunnels;
  #config: AgentConfig;
  #unwatch: () => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(
    options: AgentOptions,
    config: AgentConfig,
    { identity, witness }: { identity: Identity; witness: Witness },
    connect: ConnectClient,
    version: string,
    log: Logger,
  ) {
    this.agentName = identity.agentName;
    this.#config = config;
    this.#log = log;
    this.#rooms = openServerRooms(() => this.#config, log);
    this.#masking = new AgentMasking({
      stateDir: options.stateDir,
      agent: identity.agentName,
      authorityPem: () => this.#renewer?.identity.authorityPem ?? identity.authorityPem,
      clock: systemClock,
      log: log.child({ room: 'masking' }),
      analyse: (name, texts, entities) => this.#rooms.analysers.analyse(name, texts, entities),
      knowsAnalyser: (name) => this.#config.analysers.has(name),
    });
    this.#receipts = new Receipts({
      stateDir: options.stateDir,
      agent: identity.agentName,
      clock: systemClock,
      log: log.child({ room: 'receipts' }),
    });
    this.#relay = this.#openRelay();
    this.#inventory = new Inventory<ServerDefinition>({
      ask: (question) =>
        converse(
          this.#rooms.probing,
          question,
          log.child({ room: 'probe', server: question.definition.name }),
        ),
      agentVersion: version,
      log: log.child({ room: 'probe' }),
      onChange: () => this.#tunnels.sendInventory(),
    });
    this.#toolLists = new ToolLists({
      rooms: this.#rooms,
      masking: this.#masking,
      config: () => this.#config,
      erasOf: (name) => this.#inventory.eras(name),
      agentVersion: version,
      log: log.child({ room: 'probe' }),
    });
    this.#renewer = new Renewer(identity, {
      stateDir: options.stateDir,
      addresses: () => this.#config.gateways,
      connect,
      clock: systemClock,
      log: log.child({ room: 'enrol' }),
      onRenewed: () => this.#tunnels.reattach(),
    });
    this.#witness = witness;
    this.#tunnels = this.#openTunnels(connect, version);
  }

  start(unwatch: () => void): void {
    this.#unwatch = unwatch;
    this.#inventory.set(this.#config.servers.values(), new Set());
    this.#tunnels.setAddresses(this.#config.gateways);
    this.#log.info('agent started', { agent: this.agentName, servers: [...this.#config.servers.keys()] });
  }

  sessionCount(): number {
    return this.#relay.sessionCount;
  }

  tunnelCount(): number {
    return this.#tunnels.attachedCount;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Takes up a changed agent.yaml: removed servers end, changed ones serve anew from the next session on. */
  reconfigure(config: AgentConfig): void {
    if (this.#stopping !== undefined) return;
    const before = this.#config;
    this.#config = config;
    this.#rooms.analysers.use(config.analysers);
    const unchanged = new Set<string>();
    for (const [name, definition] of before.servers) {
      const now = config.servers.get(name);
      if (now !== undefined && JSON.stringify(now) === JSON.stringify(definition)) unchanged.add(name);
      else this.#rooms.servers.changed(name);
      if (now === undefined) this.#relay.endOfServer(name);
    }
    this.#inventory.set(config.servers.values(), unchanged);
    this.#tunnels.setAddresses(config.gateways);
    this.#log.info('agent.yaml taken up anew', {
      servers: [...config.servers.keys()],
      unchanged: unchanged.size,
    });
  }

  async #stop(): Promise<void> {
    this.#unwatch();
    this.#inventory.stop();
    this.#toolLists.stop();
    this.#renewer.stop();
    this.#relay.drain();
    this.#tunnels.sendDraining('the agent stops');
    await drain(this.#relay);
    await this.#relay.stop();
    this.#tunnels.stop();
    await this.#rooms.close();
    this.#masking.close();
    this.#receipts.close();
    this.#log.info('agent stopped');
  }

  #openRelay(): Relay {
    const slots = openSessionSlots();
    return new Relay({
      log: this.#log.child({ room: 'relay' }),
      beginCall: (call, server, session) => this.#receipts.begin({ call, server, session }),
      relayedHeaders,
      openServer: (request) => this.#openServer(request),
      takeSlot: (server) => {
        const definition = this.#config.servers.get(server);
        // An unknown server is refused when it is opened, which says so.
        return slots.take(server, definition?.limits.sessions ?? SESSIONS_MAX, this.#config.sessionsMax);
      },
      giveSlot: (server) => slots.give(server),
      openMasker: (session) => this.#masking.session(session),
      rulesVersion: () => this.#masking.version,
      rulesReady: (version) => this.#masking.ready(version),
    });
  }

  async #openServer(request: StartServer): Promise<ServerConnection> {
    const definition = this.#config.servers.get(request.server);
    if (definition === undefined) {
      const words = `agent.yaml has no server named ${request.server}`;
      throw new RelayRefusal('REFUSAL_CODE_UNKNOWN_SERVER', words);
    }
    const log = this.#log.child({ server: request.server, session: request.sessionId });
    try {
      return await this.#rooms.servers.open({ ...request, definition, log });
    } catch (cause) {
      if (!(cause instanceof ServerError) || cause.code !== 'forbidden_by_agent') throw cause;
      throw new RelayRefusal('REFUSAL_CODE_FORBIDDEN_BY_AGENT', cause.message, { cause });
    }
  }

  /** What a server says of itself leaves the network like anything else it says. */
  #told(status: ReturnType<Inventory<ServerDefinition>['statuses']>[number]) {
    const masked = (text: string | undefined): string => this.#masking.text(status.name ?? '', text ?? '');
    return {
      ...status,
      serverName: masked(status.serverName),
      serverVersion: masked(status.serverVersion),
      problem: masked(status.problem),
    };
  }

  #receiptsPage(chain: string, after: number) {
    this.#receipts.heard(chain, after);
    try {
      const { head, lines, chain: own } = this.#receipts.page(chain, after);
      return { chain: own, size: head.n, head: head.hash, lines: [...lines], problem: '' };
    } catch (thrown) {
      const { head, chain: own } = this.#receipts;
      return { chain: own, size: head.n, head: head.hash, lines: [], problem: errorText(thrown) };
    }
  }

  #openTunnels(connect: ConnectClient, version: string): Tunnels {
    return new Tunnels({
      agentVersion: version,
      bootId: newId('bot'),
      witnessKey: this.#witness.keyText,
      connect,
      credentials: () => this.#renewer.identity,
      parseAddress,
      formatAddress,
      clock: systemClock,
      log: this.#log.child({ room: 'tunnel' }),
      handlers: {
        liveSessions: () => this.#relay.liveSessions(),
        inventory: () => ({ servers: this.#inventory.statuses().map((status) => this.#told(status)) }),
        openChannel: ({ openTimeoutMs, ...order }, side) => {
          const era = order.era === 'modern' ? 'modern' : 'legacy';
          void this.#relay.open({ ...order, era, timeoutMs: openTimeoutMs }, side);
        },
        endSession: (sessionId, reason) => this.#relay.end(sessionId, reason),
        probe: (server) => this.#inventory.probe(server),
        witness: ({ request, logKeys }) => this.#witness.add(request, logKeys),
        listTools: (request) => this.#toolLists.list(request),
        rulesTaker: () => this.#masking.taker(),
        receipts: ({ chain, after }) => this.#receiptsPage(chain, after),
        leaseEnded: (tunnelId) => {
          const ended = this.#relay.endOfTunnel(tunnelId);
          if (ended > 0) this.#log.warn('sessions ended with their lease', { tunnel: tunnelId, ended });
        },
      },
    });
  }
}
