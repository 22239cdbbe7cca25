import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { newSeed } from '@sallyport/shared/merkle';
import type { Logger } from 'winston';
import { AuditError } from '../errors.ts';
import { SIGNER_ANSWER_MAX_MS, SIGNER_CLOCK_MAX_MS, SIGNER_MESSAGE_MAX_BYTES } from '../limits.ts';
import { OwnRecord } from './own-record.ts';
import { refused, Signer } from './signer.ts';
import { membersOf, readSignRequest, type SignerState } from './signer-wire.ts';
import { signingKeys } from './signing-keys.ts';

export interface ServeSignerOptions {
  /** Where it listens. Who may open the socket may ask for signatures: its folder's rights decide. */
  readonly socket: string;
  /** Its key and its record. */
  readonly folder: string;
  /** The log it signs, `<deployment>/log/<slot>`. */
  readonly origin: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs a signer by itself. It has no database and no network; it believes its own record and the proof.
 *
 * @throws AuditError `signer_state`, and what the file system throws.
 */
export async function serveSigner(
  options: ServeSignerOptions,
): Promise<{ keys: readonly string[]; stop(): Promise<void> }> {
  const { socket, folder, origin, logger } = options;
  const seed = await seedIn(folder);
  const signer = await Signer.alone(signingKeys(origin, seed), new OwnRecord(folder, 0));
  const state = (): SignerState => ({
    origin,
    keys: signer.keyTexts,
    ...(signer.last === undefined ? {} : { last: signer.last.note }),
  });
  // One after the other: what is signed next depends on what was signed last.
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    turn = turn
      .then(() => answer(options, signer, state, request, response))
      .catch((error: unknown) => {
        logger.error('the signer could not answer', { reason: errorText(error) });
        say(response, 500, { problem: errorText(error) });
      });
  });
  server.requestTimeout = SIGNER_ANSWER_MAX_MS;
  await mkdir(dirname(socket), { recursive: true, mode: 0o750 });
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  // The gateway's user reaches it by a common group.
  await chmod(socket, 0o660);
  logger.info('the signer listens', { socket, origin, keys: signer.keyTexts });
  return {
    keys: signer.keyTexts,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await turn;
    },
  };
}

async function answer(
  { clock, logger }: ServeSignerOptions,
  signer: Signer,
  state: () => SignerState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'GET' && request.url === '/signer') return say(response, 200, state());
  const body = request.method === 'POST' ? await bodyOf(request) : undefined;
  if (request.url === '/known') {
    const { note } = membersOf(body);
    if (typeof note !== 'string') return say(response, 400, { problem: 'there is no note' });
    await signer.remember(note);
    return say(response, 200, state());
  }
  const asked = request.url === '/sign' ? readSignRequest(body) : undefined;
  if (asked === undefined) return say(response, 400, { problem: 'this is no request to sign' });
  const lastSize = signer.last?.size ?? 0;
  if (asked.from !== lastSize)
    return say(response, 412, { problem: `the proof must begin with ${lastSize}` });
  try {
    if (Math.abs(asked.nowMs - clock.now()) > SIGNER_CLOCK_MAX_MS)
      throw refused("the gateway's time is not the signer's");
    const proof = asked.proof.map((hash) => Buffer.from(hash, 'base64'));
    const head = { size: asked.size, root: Buffer.from(asked.root, 'hex') };
    const { note } = await signer.sign(head, asked.nowMs, async () => proof);
    say(response, 200, { note });
  } catch (error) {
    if (!(error instanceof AuditError) || error.code !== 'signer_refused') throw error;
    logger.error('A CHECKPOINT WAS REFUSED', { reason: error.message, size: asked.size, root: asked.root });
    say(response, 409, { problem: error.message });
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request) {
    text += part;
    if (text.length > SIGNER_MESSAGE_MAX_BYTES) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function say(response: ServerResponse, status: number, value: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** The key's seed, made at the first start; a crash leaves none or a whole one. */
async function seedIn(folder: string): Promise<Buffer> {
  const file = join(folder, 'audit-signer.key');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) {
    if (/^[0-9a-f]{64}\n$/.test(text)) return Buffer.from(text.trim(), 'hex');
    throw new AuditError('signer_state', `${file} is not a key of this signer. Restore it from its backup.`);
  }
  const seed = newSeed();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(`${seed.toString('hex')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  return seed;
}
