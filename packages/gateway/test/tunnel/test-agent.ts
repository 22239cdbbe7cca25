import 'reflect-metadata';
import { randomUUID, webcrypto } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { connect } from 'node:tls';
import { type ClientDuplexStream, credentials, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { PemConverter, Pkcs10CertificateRequestGenerator, X509Certificate } from '@peculiar/x509';
import {
  type AgentControl,
  type AgentFrame,
  type EnrollResponse__Output,
  type GatewayControl__Output,
  type GatewayFrame__Output,
  loadTunnel,
  type RenewResponse__Output,
  TUNNEL_PROTOCOL,
  type TunnelClient,
} from '@sallyport/proto';

export type ChannelStream = ClientDuplexStream<AgentFrame, GatewayFrame__Output>;
export type Hello = NonNullable<AgentControl['hello']>;
export type OpenOrder = NonNullable<GatewayControl__Output['openChannel']>;

/** What an agent keeps on its disk. */
export interface AgentState {
  readonly name: string;
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly authorityPem: string;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function makeRequest(
  algorithm: {
    name: string;
    namedCurve?: string;
    hash?: string;
    modulusLength?: number;
    publicExponent?: Uint8Array;
  } = P256,
): Promise<{ csr: Buffer; keyPem: string }> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=whatever',
    keys,
    signingAlgorithm: algorithm,
  });
  const keyPem = PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  return { csr: Buffer.from(request.rawData), keyPem };
}

/** The chain a server shows, leaf first, as an agent that trusts nothing yet sees it. */
export async function shownChain(port: number): Promise<X509Certificate[]> {
  const socket = connect({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  });
  await once(socket, 'secureConnect');
  const leaf = socket.getPeerCertificate(true);
  const chain = [new X509Certificate(Uint8Array.from(leaf.raw))];
  if (leaf.issuerCertificate?.raw)
    chain.push(new X509Certificate(Uint8Array.from(leaf.issuerCertificate.raw)));
  socket.destroy();
  return chain;
}

/** A client of the tunnel service; without a state it has no certificate. */
export function openClient(port: number, authorityPem: string, state?: AgentState): TunnelClient {
  const secure = credentials.createSsl(
    Buffer.from(authorityPem),
    state === undefined ? null : Buffer.from(state.keyPem),
    state === undefined ? null : Buffer.from(state.certificatePem),
  );
  const { Tunnel } = loadTunnel();
  return new Tunnel(`127.0.0.1:${port}`, secure, {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.max_send_message_length': -1,
  });
}

export async function authorityPemOf(port: number): Promise<string> {
  const authority = (await shownChain(port))[1];
  if (authority === undefined) throw new Error('the server showed no authority');
  return authority.toString('pem');
}

/** Enroll with any bytes; rejects with the ServiceError. */
export async function tryEnrol(port: number, token: string, csr: Buffer): Promise<EnrollResponse__Output> {
  const client = openClient(port, await authorityPemOf(port));
  try {
    return await new Promise((resolve, reject) => {
      client.Enroll({ token, csrDer: csr, agentVersion: '0.1.0' }, (error, response) =>
        response === undefined ? reject(error) : resolve(response),
      );
    });
  } finally {
    client.close();
  }
}

export async function enrolAgent(port: number, token: string): Promise<AgentState> {
  const { csr, keyPem } = await makeRequest();
  const response = await tryEnrol(port, token, csr);
  return {
    name: response.agentName,
    keyPem,
    certificatePem: response.certificatePem,
    authorityPem: response.authorityPem,
  };
}

export function renewWith(client: TunnelClient, csr: Buffer): Promise<RenewResponse__Output> {
  return new Promise((resolve, reject) => {
    client.Renew({ csrDer: csr }, (error, response) =>
      response === undefined ? reject(error) : resolve(response),
    );
  });
}

/** The status a stream ends with. */
export function statusOf(call: EventEmitter): Promise<StatusObject> {
  return new Promise((resolve) => {
    call.on('error', (error: ServiceError) => resolve(error));
    call.on('status', (status: StatusObject) => resolve(status));
  });
}

/** Takes what a stream delivers, one after another, and waits for what has not come yet. */
export class Inbox<T> {
  readonly all: T[] = [];
  #wake: (() => void)[] = [];

  push(item: T): void {
    this.all.push(item);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** The first item, past or future, that passes. */
  async find(passes: (item: T) => boolean): Promise<T> {
    for (;;) {
      const found = this.all.find(passes);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }
}

/** A small agent: attaches, answers leases, and opens a Channel stream for each OpenChannel. */
export class TestAgent {
  readonly client: TunnelClient;
  readonly control: ClientDuplexStream<AgentControl, GatewayControl__Output>;
  readonly orders = new Inbox<GatewayControl__Output>();
  readonly ended: Promise<StatusObject>;
  readonly channels = new Map<string, ChannelStream>();
  readonly bootId: string;
  /** Set to keep leases unanswered. */
  silent = false;
  /** What to do with an OpenChannel: by default its stream is opened. */
  onOpen: (order: OpenOrder) => void = (order) => void this.openStream(order);
  onStream: (stream: ChannelStream, order: OpenOrder) => void = () => undefined;

  constructor(
    port: number,
    state: AgentState,
    hello: Partial<Hello> = {},
    servers: readonly string[] = ['echo'],
  ) {
    this.bootId = hello.bootId ?? randomUUID();
    this.client = openClient(port, state.authorityPem, state);
    this.control = this.client.Attach();
    this.ended = statusOf(this.control);
    this.control.on('data', (order: GatewayControl__Output) => this.#take(order));
    this.control.write({
      hello: {
        protocolMin: TUNNEL_PROTOCOL.min,
        protocolMax: TUNNEL_PROTOCOL.max,
        agentVersion: '0.1.0',
        clockMs: Date.now(),
        ...hello,
        bootId: this.bootId,
      },
    });
    this.control.write({
      inventory: {
        servers: servers.map((name) => ({ name, transport: 'stdio', eras: ['legacy'], probed: true })),
      },
    });
  }

  /** Resolves once the gateway has welcomed the agent. */
  async welcomed(): Promise<NonNullable<GatewayControl__Output['welcome']>> {
    const { welcome } = await this.orders.find((order) => order.kind === 'welcome');
    if (!welcome) throw new Error('no welcome');
    return welcome;
  }

  openStream(order: OpenOrder): ChannelStream {
    const stream = this.client.Channel();
    stream.on('error', () => undefined);
    this.channels.set(order.channelId, stream);
    stream.write({ hello: { channelId: order.channelId } });
    this.onStream(stream, order);
    return stream;
  }

  close(): void {
    this.client.close();
    this.control.cancel();
    for (const stream of this.channels.values()) stream.cancel();
  }

  #take(order: GatewayControl__Output): void {
    if (order.lease && !this.silent) this.control.write({ leaseAck: { number: order.lease.number } });
    if (order.openChannel) this.onOpen(order.openChannel);
    this.orders.push(order);
  }
}
