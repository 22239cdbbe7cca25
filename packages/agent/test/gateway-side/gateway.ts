import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  type AgentControl__Output,
  type EnrollRequest__Output,
  type EnrollResponse,
  type GatewayControl,
  type Hello__Output,
  loadTunnel,
  type RenewRequest__Output,
  type RenewResponse,
  type ServerStatus__Output,
} from '@sallyport/proto';
import { newId } from '@sallyport/shared/ids';
import { TestAuthority } from './authority.ts';
import { type ChannelCall, TestChannel } from './channel.ts';
import { TestRules } from './rules.ts';
import { until } from './until.ts';

type Enroll = ServerUnaryCall<EnrollRequest__Output, EnrollResponse>;
type Renew = ServerUnaryCall<RenewRequest__Output, RenewResponse>;
type ControlCall = ServerDuplexStream<AgentControl__Output, GatewayControl>;

/** TLS that asks for a client certificate without demanding one, as the gateway's does: Enroll has none. */
class AskingCredentials extends ServerCredentials {
  constructor(ca: string, identity: { chainPem: string; keyPem: string }) {
    super(
      { requestCert: true, rejectUnauthorized: false },
      { ca, cert: identity.chainPem, key: identity.keyPem },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** One Attach stream, seen from the gateway. */
export class Attached {
  readonly call: ControlCall;
  hello: Hello__Output | undefined;
  inventories: ServerStatus__Output[][] = [];
  acks: number[] = [];
  refused: { channelId: string; code: string; detail: string }[] = [];
  sessionsEnded: { sessionId: string; reason: string; detail: string }[] = [];
  draining = false;
  rulesAcks: { version: number; problem: string }[] = [];
  closed = false;
  /** Serial number of the client certificate. */
  readonly serial: string;

  constructor(call: ControlCall) {
    this.call = call;
    this.serial = call.getAuthContext().sslPeerCertificate?.serialNumber ?? '';
  }

  send(control: GatewayControl): void {
    this.call.write(control);
  }

  server(name: string): ServerStatus__Output | undefined {
    return this.inventories.at(-1)?.find((each) => each.name === name);
  }
}

export interface GatewayOptions {
  readonly names?: readonly string[];
  readonly leaseMs?: number;
  readonly certificateLifetimeMs?: number;
  readonly replica?: string;
  readonly authority?: TestAuthority;
  readonly port?: number;
}

/** The gateway's side of the wire: real TLS, real sockets, and every step under the test's control. */
export class TestGateway {
  readonly authority: TestAuthority;
  readonly attached: Attached[] = [];
  readonly enrolled: { token: string; agentVersion: string }[] = [];
  renewals = 0;
  port = 0;
  /** Answers Hello; a test replaces it to refuse. */
  answerHello: (hello: Hello__Output) => GatewayControl;
  /** While false no lease is renewed. */
  renewing = true;
  refuseEnroll = '';
  /** Sent after Welcome; undefined: an old gateway that has none. */
  rules: TestRules | undefined = new TestRules();
  endSessions: string[] = [];
  replicas: string[] = [];
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #channels = new Map<string, (channel: TestChannel) => void>();
  readonly #lease: NodeJS.Timeout;
  #number = 0;

  private constructor(authority: TestAuthority, options: GatewayOptions) {
    this.authority = authority;
    this.#options = options;
    this.answerHello = () => ({
      welcome: {
        protocol: 1,
        gatewayVersion: 'test',
        leaseMs: options.leaseMs ?? 15_000,
        endSessions: this.endSessions,
        replicas: this.replicas,
        replica: options.replica ?? 'one',
      },
    });
    this.#server = new Server({ 'grpc.max_receive_message_length': 512 * 1024 });
    const { Tunnel } = loadTunnel();
    this.#server.addService(Tunnel.service, {
      Enroll: (call: Enroll, answer: sendUnaryData<EnrollResponse>) => this.#enroll(call, answer),
      Renew: (call: Renew, answer: sendUnaryData<RenewResponse>) => this.#renew(call, answer),
      Attach: (call: ControlCall) => this.#attach(call),
      Channel: (call: ChannelCall) => this.#channel(call),
    });
    this.#lease = setInterval(
      () => this.#renewLeases(),
      Math.max(50, Math.floor((options.leaseMs ?? 15_000) / 4)),
    );
  }

  static async start(options: GatewayOptions = {}): Promise<TestGateway> {
    const authority = options.authority ?? (await TestAuthority.create());
    const gateway = new TestGateway(authority, options);
    const identity = await authority.issueServer(options.names ?? ['localhost']);
    const credentials = new AskingCredentials(authority.pem, identity);
    gateway.port = await new Promise<number>((resolve, reject) => {
      gateway.#server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
    return gateway;
  }

  get address(): string {
    return `localhost:${this.port}`;
  }

  token(agent = 'tester', fingerprint = this.authority.fingerprint): string {
    return `sp-agent.${agent}.tok_00000000000000000000.${'s'.repeat(43)}.${fingerprint}`;
  }

  /** The newest tunnel that is open and has sent an inventory. */
  async tunnel(): Promise<Attached> {
    const find = (): Attached | undefined =>
      this.attached.findLast((each) => !each.closed && each.inventories.length > 0);
    await until(() => find() !== undefined, 'an attached agent');
    const found = find();
    if (found === undefined) throw new Error('seen a moment ago');
    return found;
  }

  /** Asks for a channel through the newest tunnel. @throws Error with the code of the agent's refusal. */
  async open(
    server: string,
    more: { sessionId?: string; era?: 'legacy' | 'modern'; resume?: boolean; through?: Attached } = {},
  ): Promise<TestChannel & { sessionId: string }> {
    const tunnel = more.through ?? (await this.tunnel());
    const channelId = newId('chn');
    const sessionId = more.sessionId ?? newId('ses');
    const { era = 'legacy', resume = false } = more;
    let channel: TestChannel | undefined;
    this.#channels.set(channelId, (opened) => {
      channel = opened;
    });
    tunnel.send({ openChannel: { channelId, sessionId, server, era, resume, openTimeoutMs: 10_000 } });
    const refusal = () => tunnel.refused.find((each) => each.channelId === channelId);
    await until(() => channel !== undefined || refusal() !== undefined, `channel to ${server}`);
    const no = refusal();
    if (channel === undefined) throw new Error(`${no?.code}: ${no?.detail}`);
    return Object.assign(channel, { sessionId });
  }

  /** Cuts all connections and stops listening. */
  stop(): void {
    clearInterval(this.#lease);
    this.#server.forceShutdown();
  }

  #enroll(call: Enroll, answer: sendUnaryData<EnrollResponse>): void {
    if (this.refuseEnroll !== '') {
      answer({ code: status.UNAUTHENTICATED, details: this.refuseEnroll });
      return;
    }
    const { token, csrDer, agentVersion } = call.request;
    this.enrolled.push({ token, agentVersion });
    const name = token.split('.')[1] ?? '';
    void this.#issue(csrDer, name).then((certificatePem) =>
      answer(null, { agentName: name, certificatePem, authorityPem: this.authority.pem }),
    );
  }

  #renew(call: Renew, answer: sendUnaryData<RenewResponse>): void {
    this.renewals += 1;
    void this.#issue(call.request.csrDer, 'tester').then((certificatePem) =>
      answer(null, { certificatePem, authorityPem: this.authority.pem }),
    );
  }

  #issue(csrDer: Buffer, name: string): Promise<string> {
    return this.authority.issueAgent(csrDer, name, this.#options.certificateLifetimeMs ?? 3_600_000);
  }

  #attach(call: ControlCall): void {
    if (call.getAuthContext().sslPeerCertificate === undefined) {
      call.emit('error', { code: status.UNAUTHENTICATED, details: 'no client certificate' });
      return;
    }
    const attached = new Attached(call);
    this.attached.push(attached);
    call.on('data', (control: AgentControl__Output) => this.#control(attached, control));
    call.on('end', () => {
      attached.closed = true;
      call.end();
    });
    call.on('cancelled', () => {
      attached.closed = true;
    });
    call.on('error', () => undefined);
  }

  #control(attached: Attached, control: AgentControl__Output): void {
    if (control.hello) {
      attached.hello = control.hello;
      const answer = this.answerHello(control.hello);
      attached.send(answer);
      if (answer.welcome && this.rules !== undefined) attached.send(this.rules.control());
    } else if (control.inventory) attached.inventories.push(control.inventory.servers);
    else if (control.leaseAck) attached.acks.push(control.leaseAck.number);
    else if (control.channelRefused) attached.refused.push(control.channelRefused);
    else if (control.sessionEnded) attached.sessionsEnded.push(control.sessionEnded);
    else if (control.draining) attached.draining = true;
    else if (control.maskingRulesAck) attached.rulesAcks.push(control.maskingRulesAck);
  }

  #channel(call: ChannelCall): void {
    call.once('data', (frame) => {
      const waiting = this.#channels.get(frame.hello?.channelId ?? '');
      if (waiting === undefined) call.emit('error', { code: status.NOT_FOUND, details: 'unknown channel' });
      else waiting(new TestChannel(call));
    });
  }

  #renewLeases(): void {
    if (!this.renewing) return;
    this.#number += 1;
    for (const attached of this.attached) {
      if (!attached.closed && attached.hello !== undefined)
        attached.send({ lease: { number: this.#number } });
    }
  }
}
