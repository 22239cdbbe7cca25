import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '@sallyport/shared/errors';
import { NoteError, parseVerifierKey, SIGNATURE_TYPE } from '@sallyport/shared/merkle';
import type { Store } from '../../store/index.ts';
import { AuditError } from '../errors.ts';
import { SIGNER_ANSWER_MAX_MS, SIGNER_MESSAGE_MAX_BYTES, SIGNER_START_MAX_MS } from '../limits.ts';
import { readSigned, type SignedCheckpoint } from './signed.ts';
import { type Head, isFurther, type LogSigner, type Prove } from './signer.ts';
import { membersOf, readSignerState, type SignerState, type SignRequest } from './signer-wire.ts';
import type { LogKeys } from './signing-keys.ts';
import { keepCheckpoint, newestCheckpoint } from './table.ts';

/**
 * A signer in a process of its own, under its own user: whoever takes over the gateway, with its database and its
 * master key, has neither the log's key nor the record of what was signed. What it answers is verified like anything
 * from outside.
 */
export class RemoteSigner implements LogSigner {
  readonly #socket: string;
  readonly #keys: LogKeys;
  readonly keyTexts: readonly string[];
  #last: SignedCheckpoint | undefined;

  private constructor(socket: string, { keys }: SignerState, read: LogKeys) {
    this.#socket = socket;
    this.#keys = read;
    this.keyTexts = keys;
  }

  /** @throws AuditError `signer_state` when it is of another log, has another key, or is not there in time. */
  static async open(
    socket: string,
    { store, slot, origin }: { readonly store: Store; readonly slot: number; readonly origin: string },
  ): Promise<RemoteSigner> {
    const state = await stateWithin(socket, SIGNER_START_MAX_MS);
    if (state.origin !== origin) {
      throw new AuditError(
        'signer_state',
        `The signer at ${socket} signs ${state.origin}, and this log is ${origin}. Start one for it (--origin ${origin}).`,
      );
    }
    const signer = new RemoteSigner(socket, state, readKeys(socket, state));
    signer.#takeLast(state);
    const kept = await newestCheckpoint(store, slot);
    const known = kept === undefined ? undefined : readSigned(kept.note, signer.#keys, 'the database');
    const own = signer.#last;
    if (known !== undefined && (own === undefined || isFurther(known, own))) {
      await send(socket, 'POST', '/known', { note: known.note });
      signer.#last = known;
    } else if (own !== undefined && own.note !== known?.note) {
      // A crash between the signer's record and the database's leaves one that nobody has seen: it is kept now.
      await keepCheckpoint(store, slot, own);
    }
    return signer;
  }

  get last(): SignedCheckpoint | undefined {
    return this.#last;
  }

  async sign(head: Head, nowMs: number, prove: Prove): Promise<SignedCheckpoint> {
    for (let turn = 0; ; turn += 1) {
      const from = this.#last?.size ?? 0;
      const proof = from > 0 && from < head.size ? await prove(from, head.size) : [];
      const asked: SignRequest = {
        size: head.size,
        root: head.root.toString('hex'),
        nowMs,
        from,
        proof: proof.map((hash) => hash.toString('base64')),
      };
      const { status, value } = await send(this.#socket, 'POST', '/sign', asked);
      const { note, problem } = membersOf(value);
      if (status === 200 && typeof note === 'string') return this.#signed(note, head);
      if (status === 409) throw new AuditError('signer_refused', String(problem));
      // It has signed one whose answer was lost: it is asked again from there.
      if (status !== 412 || turn > 0) throw new Error(`the signer answered ${status}: ${String(problem)}`);
      this.#takeLast(await stateWithin(this.#socket, 0));
    }
  }

  #signed(note: string, head: Head): SignedCheckpoint {
    const signed = readSigned(note, this.#keys, `what the signer at ${this.#socket} answered`);
    if (signed.size !== head.size || !signed.root.equals(head.root))
      throw new AuditError('signer_refused', 'The signer has signed something else than it was asked to.');
    this.#last = signed;
    return signed;
  }

  #takeLast({ last }: SignerState): void {
    if (last !== undefined) this.#last = readSigned(last, this.#keys, `the signer at ${this.#socket}`);
  }
}

function readKeys(socket: string, { keys, origin }: SignerState): LogKeys {
  try {
    const read = keys.map(parseVerifierKey).filter(({ name }) => name === origin);
    const note = read.find(({ type }) => type === SIGNATURE_TYPE.ed25519);
    const time = read.find(({ type }) => type === SIGNATURE_TYPE.cosignature);
    if (note !== undefined && time !== undefined) return { note, time };
    throw new NoteError('malformed', 'a key is missing');
  } catch (cause) {
    throw new AuditError('signer_state', `The signer at ${socket} has no keys of ${origin}.`, { cause });
  }
}

/** A signer that starts together with the gateway may come a moment later. */
async function stateWithin(socket: string, maxMs: number): Promise<SignerState> {
  const began = performance.now();
  for (;;) {
    try {
      const { status, value } = await send(socket, 'GET', '/signer');
      const state = readSignerState(value);
      if (status === 200 && state !== undefined) return state;
      throw new Error(`it answered ${status}`);
    } catch (cause) {
      if (performance.now() - began > maxMs) {
        throw new AuditError(
          'signer_state',
          `The signer at ${socket} can't be reached (${errorText(cause)}). Start it with "sallyport-gateway signer".`,
          { cause },
        );
      }
      await sleep(100);
    }
  }
}

function send(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<{ status: number; value: unknown }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(SIGNER_ANSWER_MAX_MS);
    const outgoing = request({ socketPath, method, path, signal, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => {
        text += part;
        if (text.length > SIGNER_MESSAGE_MAX_BYTES)
          incoming.destroy(new Error('the signer answers too much'));
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        try {
          resolve({ status: incoming.statusCode ?? 0, value: JSON.parse(text) });
        } catch (cause) {
          reject(new Error('the signer answered what is not JSON', { cause }));
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
