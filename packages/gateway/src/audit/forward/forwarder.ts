import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../../store/index.ts';
import {
  FORWARD_CONFIRM_MS,
  FORWARD_CONNECT_MAX_MS,
  FORWARD_RETRY_MAX_MS,
  FORWARD_RETRY_MIN_MS,
  FORWARD_STOP_MAX_MS,
  FORWARD_TICK_MS,
} from '../limits.ts';
import type { EntryDraft, StoredLeaf } from '../types.ts';
import { frameOf } from './frame.ts';

export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
  readonly format: 'cef' | 'ocsf';
  /** PEM. Without it the well-known authorities are believed. */
  readonly ca?: string;
  /** PEM, where the receiver asks for a certificate of ours. */
  readonly cert?: string;
  readonly key?: string;
}

export interface ForwarderOptions {
  readonly target: ForwardTarget;
  readonly store: Store;
  readonly slot: number;
  readonly logSize: () => number;
  readonly leaves: (from: number, until: number) => Promise<StoredLeaf[]>;
  readonly record: (draft: EntryDraft) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How handing over stands. */
export interface ForwardingState {
  readonly target: string;
  /** Entries that were handed over for certain, and those that were not. */
  readonly confirmed: number;
  readonly waiting: number;
  readonly problem?: string;
}

/**
 * Hands entries to a syslog receiver over TLS (RFC 5425), in order and each at least once. Syslog has no answer that
 * says "received", so a batch counts as handed over only once the connection has held for a while after it, or was
 * closed by both sides in order; what was sent before a break is sent again. The log is the buffer.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #name: string;
  #socket: TLSSocket | undefined;
  #confirmed = 0;
  #sent = 0;
  /** Batches that were sent, and when. */
  #unconfirmed: { readonly until: number; readonly atMs: number }[] = [];
  #problem: string | undefined;
  #retryMs = FORWARD_RETRY_MIN_MS;
  #stopped = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#name = `${options.target.host}:${options.target.port}`;
  }

  static async open(options: ForwarderOptions): Promise<Forwarder> {
    const forwarder = new Forwarder(options);
    const { rows } = await options.store.pool.query<{ next_seq: string }>(
      'SELECT next_seq FROM audit_forwarding WHERE slot = $1 AND target = $2',
      [options.slot, forwarder.#name],
    );
    forwarder.#confirmed = Number(rows[0]?.next_seq ?? 0);
    forwarder.#sent = forwarder.#confirmed;
    forwarder.#running = forwarder.#run();
    return forwarder;
  }

  state(): ForwardingState {
    return {
      target: this.#name,
      confirmed: this.#confirmed,
      waiting: Math.max(0, this.#options.logSize() - this.#confirmed),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    // A receiver that does not read must not keep the gateway.
    const patience = setTimeout(() => this.#socket?.destroy(), FORWARD_STOP_MAX_MS);
    await this.#running;
    clearTimeout(patience);
    const socket = this.#socket;
    if (socket === undefined) return;
    // What both sides have closed in order has arrived.
    const closed = new Promise<boolean>((resolve) => {
      socket.once('close', (hadError) => resolve(!hadError));
      setTimeout(() => resolve(false), FORWARD_STOP_MAX_MS).unref();
    });
    const ended = new Promise<void>((resolve) => socket.once('end', resolve));
    socket.end();
    const inOrder = (await Promise.race([ended.then(() => true), closed])) && (await closed);
    socket.destroy();
    if (inOrder) await this.#confirm(this.#sent);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#pass();
      } catch (thrown) {
        await this.#broken(errorText(thrown));
      }
    }
  }

  /** One round: a connection is there, what is new is sent, what has held is confirmed. */
  async #pass(): Promise<void> {
    const socket = this.#socket ?? (await this.#connect());
    const size = this.#options.logSize();
    if (this.#sent < size) {
      const leaves = await this.#options.leaves(this.#sent, size);
      const frames = leaves.map(({ leaf, leafHash }) => frameOf(leaf, leafHash, this.#options.target.format));
      if (frames.length > 0 && !socket.write(Buffer.concat(frames))) await this.#drained(socket);
      this.#sent += frames.length;
      this.#unconfirmed.push({ until: this.#sent, atMs: this.#options.clock.monotonicMs() });
    } else await this.#pause(FORWARD_TICK_MS);
    if (socket.destroyed || socket.errored !== null)
      throw socket.errored ?? new Error('the receiver closed the connection');
    const heldSinceMs = this.#options.clock.monotonicMs() - FORWARD_CONFIRM_MS;
    const held = this.#unconfirmed.filter(({ atMs }) => atMs <= heldSinceMs).at(-1);
    if (held !== undefined) await this.#confirm(held.until);
  }

  async #connect(): Promise<TLSSocket> {
    const { host, port, ca, cert, key } = this.#options.target;
    const socket = connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      servername: host,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    socket.on('error', () => undefined);
    // Syslog receivers say nothing; an end is all there is to hear.
    socket.resume();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), FORWARD_CONNECT_MAX_MS);
      socket.once('secureConnect', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.once('close', () => {
        clearTimeout(timer);
        reject(socket.errored ?? new Error('the connection was closed'));
      });
    });
    socket.on('end', () => socket.destroy());
    this.#socket = socket;
    this.#retryMs = FORWARD_RETRY_MIN_MS;
    if (this.#problem !== undefined) {
      this.#problem = undefined;
      this.#options.logger.info('entries are forwarded again', { target: this.#name });
      await this.#record('log.forwarding', { target: this.#name, from: this.#sent });
    }
    return socket;
  }

  /** The receiver is away: what was not confirmed is sent again. The first of several failures is an entry. */
  async #broken(problem: string): Promise<void> {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#sent = this.#confirmed;
    this.#unconfirmed = [];
    if (this.#problem === undefined && !this.#stopped) {
      this.#options.logger.error('entries can not be forwarded', { target: this.#name, problem });
      await this.#record('log.forward_failed', {
        target: this.#name,
        problem: problem.slice(0, 500),
        from: this.#sent,
      });
    }
    this.#problem = problem;
    await this.#pause(this.#retryMs);
    this.#retryMs = Math.min(FORWARD_RETRY_MAX_MS, this.#retryMs * 2);
  }

  async #confirm(until: number): Promise<void> {
    this.#unconfirmed = this.#unconfirmed.filter((batch) => batch.until > until);
    if (until <= this.#confirmed) return;
    const { store, slot, clock } = this.#options;
    await store.pool.query(
      `INSERT INTO audit_forwarding (slot, target, next_seq, at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (slot, target) DO UPDATE SET next_seq = excluded.next_seq, at = excluded.at`,
      [slot, this.#name, until, new Date(clock.now()).toISOString()],
    );
    this.#confirmed = until;
  }

  async #record(kind: 'log.forwarding' | 'log.forward_failed', fields: EntryDraft['fields']): Promise<void> {
    try {
      await this.#options.record({
        kind,
        actor: { kind: 'gateway', name: 'audit' },
        ...(fields === undefined ? {} : { fields }),
      });
    } catch (thrown) {
      this.#options.logger.error('forwarding was not recorded', { kind, error: errorText(thrown) });
    }
  }

  #drained(socket: TLSSocket): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        socket.off('close', failed);
        resolve();
      };
      const failed = (): void => {
        socket.off('drain', done);
        reject(socket.errored ?? new Error('the receiver closed the connection'));
      };
      socket.once('drain', done);
      socket.once('close', failed);
    });
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
