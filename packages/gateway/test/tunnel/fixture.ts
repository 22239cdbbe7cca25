import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { systemClock } from '@sallyport/shared/clock';
import { afterEach } from 'vitest';
import { createLogger, transports } from 'winston';
import {
  type AgentStore,
  type Channel,
  type OpenChannelRequest,
  type Sealer,
  startTunnel,
  type Tunnel,
  type TunnelOptions,
  type TunnelRecord,
} from '../../src/tunnel/index.ts';
import { memoryAgentStore } from './memory-store.ts';
import { type AgentState, type ChannelStream, enrolAgent, type Hello, TestAgent } from './test-agent.ts';

export const HOUR = 3_600_000;

export const quietLogger = createLogger({
  silent: true,
  transports: [new transports.Console({ silent: true })],
});

/** AES-256-GCM under a key of this test. */
export function testSealer(): Sealer {
  const key = randomBytes(32);
  return {
    seal: (plain, context) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    unseal: (sealed, context) => {
      const bytes = Buffer.from(sealed);
      const opener = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
      opener.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([opener.update(bytes.subarray(12, -16)), opener.final()]);
    },
  };
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

export interface Gateway {
  readonly tunnel: Tunnel;
  readonly port: number;
  readonly records: TunnelRecord[];
  readonly store: AgentStore;
  /** A token, used: an enrolled agent's state. */
  enrol(name?: string): Promise<AgentState>;
  /** Attaches an agent and waits for its Welcome. */
  attach(state: AgentState, hello?: Partial<Hello>, servers?: readonly string[]): Promise<TestAgent>;
  open(agent: string, request?: Partial<OpenChannelRequest>): Promise<Channel>;
}

/** A tunnel room on a free port; it and its agents end with the test. */
export async function startGateway(options: Partial<TunnelOptions> = {}): Promise<Gateway> {
  const records: TunnelRecord[] = [];
  const store = options.store ?? memoryAgentStore();
  const tunnel = await startTunnel({
    host: '127.0.0.1',
    port: 0,
    names: ['localhost', '127.0.0.1'],
    replica: 'test/0',
    gatewayVersion: '9.9.9',
    clock: systemClock,
    logger: quietLogger,
    sealer: testSealer(),
    record: async (entry) => {
      records.push(entry);
    },
    unknownSessions: () => [],
    ...options,
    store,
  });
  cleanups.push(() => tunnel.stop(0));
  return {
    tunnel,
    port: tunnel.port,
    records,
    store,
    enrol: async (name = 'alpha') => {
      const { token } = await tunnel.createEnrolmentToken({
        agent: name,
        expiresInMs: HOUR,
        createdBy: 'test',
      });
      return enrolAgent(tunnel.port, token);
    },
    attach: async (state, hello, servers) => {
      const agent = new TestAgent(tunnel.port, state, hello, servers);
      cleanups.push(() => agent.close());
      await agent.welcomed();
      return agent;
    },
    open: (agent, request) =>
      tunnel.open({
        agent,
        sessionId: `ses_${randomBytes(4).toString('hex')}`,
        server: 'echo',
        era: 'legacy',
        resume: false,
        timeoutMs: 5000,
        ...request,
      }),
  };
}

/** Waits until a condition holds; the test's own time limit ends a wait in vain. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function onEnd(clean: () => unknown): void {
  cleanups.push(clean);
}

/** A gateway, an agent, and a channel with both its ends. */
export async function openPair(): Promise<{
  gateway: Gateway;
  agent: TestAgent;
  channel: Channel;
  stream: ChannelStream;
}> {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  const channel = await gateway.open('alpha');
  const stream = [...agent.channels.values()][0];
  if (stream === undefined) throw new Error('no stream');
  return { gateway, agent, channel, stream };
}
