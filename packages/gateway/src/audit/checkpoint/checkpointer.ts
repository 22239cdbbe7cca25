import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { AuditError } from '../errors.ts';
import {
  CHECKPOINT_CHANGE_MS,
  CHECKPOINT_GAP_MS,
  CHECKPOINT_IDLE_MS,
  CHECKPOINT_RETRY_MS,
} from '../limits.ts';
import type { EntryDraft, SigningState, StoredCheckpoint } from '../types.ts';
import type { SignedCheckpoint } from './signed.ts';
import type { Head, LogSigner, Prove } from './signer.ts';

export interface CheckpointerOptions {
  readonly signer: LogSigner;
  /** The newest of the runs before. */
  readonly newest: StoredCheckpoint | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds that calls may go on without a checkpoint. */
  readonly graceMs: number;
  /** The confirmed log with the time of its last entry; undefined while it is not ours. */
  readonly head: () => (Head & { readonly lastTsMs: number }) | undefined;
  readonly prove: Prove;
  readonly keep: (signed: SignedCheckpoint) => Promise<StoredCheckpoint>;
  readonly record: (draft: EntryDraft) => Promise<unknown>;
  /** Told the time that was signed, milliseconds since 1970. */
  readonly onSigned: (timeMs: number) => void;
  /** Told of each checkpoint when it is durable. */
  readonly onKept?: (checkpoint: StoredCheckpoint) => void;
}

/**
 * Makes checkpoints beside the log, never in its way: within a second after a change, and every minute when nothing
 * changes. Where none can be made it says so in the log, and after a time stops calls.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** Checkpoints are made one after the other. */
  #making: Promise<unknown> = Promise.resolve();
  #newest: StoredCheckpoint | undefined;
  #madeAtMs: number | undefined;
  #failing: { readonly sinceMs: number; readonly reason: string } | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#newest = options.newest;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** The newest checkpoint, also of the runs before. */
  get newest(): StoredCheckpoint | undefined {
    return this.#newest;
  }

  state(): SigningState {
    const failing = this.#failing;
    if (failing === undefined) return { ok: true, keys: this.#options.signer.keyTexts };
    const forMs = this.#options.clock.monotonicMs() - failing.sinceMs;
    return {
      ok: false,
      keys: this.#options.signer.keyTexts,
      reason: failing.reason,
      forMs: Math.round(forMs),
      callsRefused: forMs > this.#options.graceMs,
    };
  }

  /** Makes a checkpoint of the log as it is when its turn comes. @throws AuditError */
  make(): Promise<StoredCheckpoint> {
    const made = this.#making.then(() => this.#make());
    this.#making = made.catch(() => undefined);
    return made;
  }

  /** Ends the regular making. The caller may make one more. */
  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      if (this.#isDue()) await this.make().catch(() => undefined);
      const waitMs = this.#failing === undefined ? CHECKPOINT_CHANGE_MS : CHECKPOINT_RETRY_MS;
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  #isDue(): boolean {
    const head = this.#options.head();
    if (head === undefined) return false;
    if (this.#madeAtMs === undefined || head.size !== this.#newest?.size) return true;
    return this.#options.clock.monotonicMs() - this.#madeAtMs >= CHECKPOINT_IDLE_MS;
  }

  async #make(): Promise<StoredCheckpoint> {
    const { signer, clock, head: readHead, prove, keep, onSigned } = this.#options;
    const head = readHead();
    if (head === undefined) throw new AuditError('unavailable', 'The audit log is not available now.');
    const before = signer.last;
    try {
      // The time is not before that of any entry that is signed with it, also when the clock was set back.
      const signed = await signer.sign(
        { size: head.size, root: head.root },
        Math.max(clock.now(), head.lastTsMs),
        prove,
      );
      onSigned(signed.timeSeconds * 1_000);
      this.#newest = await keep(signed);
      this.#options.onKept?.(this.#newest);
      this.#madeAtMs = clock.monotonicMs();
      this.#recovered();
      this.#noteGap(before, signed);
      return this.#newest;
    } catch (error) {
      this.#failed(error, before, head);
      throw error;
    }
  }

  #failed(error: unknown, before: SignedCheckpoint | undefined, head: Head): void {
    if (this.#failing !== undefined) return;
    this.#failing = { sinceMs: this.#options.clock.monotonicMs(), reason: errorText(error) };
    this.#options.logger.error('no checkpoint of the audit log can be made: calls will be refused', {
      reason: errorText(error),
      afterSeconds: Math.round(this.#options.graceMs / 1_000),
    });
    if (!(error instanceof AuditError) || error.code !== 'signer_refused') return;
    // Both heads are evidence of what happened.
    this.#note({
      kind: 'checkpoint.refused',
      fields: {
        reason: error.message,
        signedSize: before?.size ?? 0,
        signedRoot: before?.root.toString('hex') ?? '',
        size: head.size,
        root: head.root.toString('hex'),
      },
    });
  }

  #recovered(): void {
    const failing = this.#failing;
    if (failing === undefined) return;
    this.#failing = undefined;
    const forMs = Math.round(this.#options.clock.monotonicMs() - failing.sinceMs);
    this.#options.logger.info('checkpoints of the audit log are made again', { forMs });
  }

  /** Silence leaves a trace: a checkpoint was due every minute. */
  #noteGap(before: SignedCheckpoint | undefined, signed: SignedCheckpoint): void {
    if (before === undefined) return;
    const silentSeconds = signed.timeSeconds - before.timeSeconds;
    if (silentSeconds * 1_000 <= CHECKPOINT_GAP_MS) return;
    this.#note({ kind: 'checkpoint.gap', fields: { silentSeconds, afterSize: before.size } });
  }

  #note(draft: EntryDraft): void {
    this.#options.record(draft).catch((error: unknown) => {
      this.#options.logger.error('what happened to checkpoints was not recorded', {
        reason: errorText(error),
      });
    });
  }
}
