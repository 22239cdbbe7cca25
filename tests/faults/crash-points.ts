/**
 * Loaded into the built gateway or agent with `node --import`, before anything of theirs: marks every moment around a
 * commit or a send, and ends the process with SIGKILL at the one it is told. The programs themselves know nothing of it.
 *
 * Files in the folder that CRASH_POINTS_FOLDER names are the way to talk: at SIGUSR2 `order.json` is read, and `taken`
 * is written once it is in force. CRASH_POINTS_ORDER is an order that is in force from the start.
 */
import fs from 'node:fs';
import { OutgoingMessage, ServerResponse } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { basename, join } from 'node:path';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { isMainThread } from 'node:worker_threads';

export type Order =
  /** From now on every moment is noted. */
  | { readonly order: 'count' }
  /** Those noted are written to `points.json`. */
  | { readonly order: 'report' }
  /** Die at the n-th moment of this name. */
  | { readonly order: 'kill'; readonly point: string; readonly nth: number };

type Callable = (this: unknown, ...args: unknown[]) => unknown;

const { CRASH_POINTS_FOLDER: folder = '', CRASH_POINTS_PROGRAM: program, CRASH_POINTS_ORDER } = process.env;
// Casts: the orders are the test's own.
let order = CRASH_POINTS_ORDER === undefined ? undefined : (JSON.parse(CRASH_POINTS_ORDER) as Order);
const points: string[] = [];
let met = 0;

function obey(): void {
  order = JSON.parse(fs.readFileSync(join(folder, 'order.json'), 'utf8')) as Order;
  if (order.order === 'report') fs.writeFileSync(join(folder, 'points.json'), JSON.stringify(points));
  points.length = 0;
  met = 0;
  fs.writeFileSync(join(folder, 'taken'), '');
}

/** A moment around a commit or a send. */
function point(name: string): void {
  if (order?.order === 'count') points.push(name);
  if (order?.order !== 'kill' || order.point !== name) return;
  met += 1;
  if (met === order.nth) process.kill(process.pid, 'SIGKILL');
}

/** Replaces a method by one that is made of the original. */
function around(holder: object, method: string, make: (original: Callable) => Callable): void {
  const methods = holder as Record<string, Callable>; // cast: prototypes and modules that have the method
  const original = methods[method];
  if (original === undefined) throw new Error(`there is no ${method} to stand around`);
  methods[method] = make(original);
}

/** Around what returns when it is done. */
function aroundSync(holder: object, method: string, nameOf: (args: unknown[]) => string): void {
  around(holder, method, (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const name = nameOf(args);
      point(`${name}: before`);
      const result = original.apply(this, args);
      point(`${name}: after`);
      return result;
    };
  });
}

/** Around what promises to be done. */
function aroundAsync(
  holder: object,
  method: string,
  nameOf: (self: unknown, args: unknown[]) => string,
): void {
  around(holder, method, (original) => {
    return async function (this: unknown, ...args: unknown[]) {
      const name = nameOf(this, args);
      point(`${name}: before`);
      const result = await original.apply(this, args);
      point(`${name}: after`);
      return result;
    };
  });
}

/** Around what tells a callback, its last argument, that it is done; where there may be none, one is added. */
function aroundCallback(
  holder: object,
  method: string,
  nameOf: (self: unknown, args: unknown[]) => string | undefined,
): void {
  around(holder, method, (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const name = nameOf(this, args);
      if (name === undefined) return original.apply(this, args);
      point(`${name}: before`);
      const last = args.findLastIndex((each) => typeof each === 'function');
      const told = args[last] as Callable | undefined; // cast: looked at
      const after = (...outcome: unknown[]): void => {
        point(`${name}: after`);
        told?.apply(this, outcome);
      };
      const given =
        last === -1 ? args.filter((each) => each !== undefined && each !== null) : args.slice(0, last);
      return original.apply(this, [...given, after]);
    };
  });
}

/** Messages over the tunnel (each is one write), to a server's stdin, and to servers over HTTP. */
function streamName(stream: unknown): string | undefined {
  const kind = (stream as object).constructor.name; // cast: what has a write method
  if (kind === 'ServerHttp2Stream' || kind === 'ClientHttp2Stream') return 'message into the tunnel';
  if (program !== 'agent' || !(stream instanceof Socket)) return undefined;
  if (stream instanceof TLSSocket || '_isStdio' in stream) return undefined;
  return stream.remoteAddress === undefined ? 'message to a stdio server' : 'request to an HTTP server';
}

/** Answers to people; what only looks, as the test's own polling does, is left out. */
function answerName(message: unknown): string | undefined {
  if (!(message instanceof ServerResponse)) return undefined;
  const { method, url = '' } = message.req;
  const path = url.split('?')[0]?.replace(/[a-z]{3}_\w{8,}/, 'ID');
  return method === 'GET' ? undefined : `answer to ${method} ${path}`;
}

function statementName([first]: readonly unknown[]): string | undefined {
  const config = (typeof first === 'string' ? { text: first } : first) as Record<string, unknown>; // cast: pg's own
  const { text, name, values } = config;
  if (typeof text !== 'string') return undefined;
  if (typeof name !== 'string' || !name.startsWith('audit-flush')) {
    // What only reads changes nothing: a kill there is one behind the write before it.
    if (/^\s*(select(?! pg_notify)|listen|set)\b/i.test(text)) return undefined;
    return text.trim().replace(/\s+/g, ' ').slice(0, 60);
  }
  // The kinds of a batch are its fourth value, an array in Postgres's binary form.
  const kinds = Array.isArray(values) && Buffer.isBuffer(values[3]) ? values[3].toString('latin1') : '';
  return `commit of ${[...new Set(kinds.match(/[a-z_]+\.[a-z_]+/g))].join(' and ')}`;
}

/** Before a statement, when Postgres has it and has not answered, and when it has. */
function aroundStatements(): void {
  const require = createRequire(join(process.cwd(), 'packages/gateway/package.json'));
  const pg = require('pg') as { Client: { prototype: object } }; // cast: what pg exports
  around(pg.Client.prototype, 'query', (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const name = statementName(args);
      if (name === undefined) return original.apply(this, args);
      point(`${name}: before`);
      const last = args.findLastIndex((each) => typeof each === 'function');
      const told = args[last] as Callable | undefined; // cast: looked at
      const after = (...outcome: unknown[]): unknown => {
        point(`${name}: after`);
        return told === undefined ? outcome[0] : told(...outcome);
      };
      const result = original.apply(this, last === -1 ? args : args.with(last, after));
      point(`${name}: sent`);
      return result instanceof Promise ? result.then(after) : result;
    };
  });
}

function nameOfFile(file: unknown): string {
  return basename(String(file))
    .replace(/\.\d+\.tmp$/, '.tmp')
    .replace(/[0-9a-f]{12,}/, 'HASH');
}

function syncOf(descriptor: unknown): string {
  return `sync of ${nameOfFile(fs.readlinkSync(`/proc/self/fd/${String(descriptor)}`))}`;
}

/** What is kept on disk: receipts, what a witness and the signer have signed, keys and certificates. */
async function aroundFiles(): Promise<void> {
  for (const method of ['fsyncSync', 'fdatasyncSync']) aroundSync(fs, method, ([file]) => syncOf(file));
  aroundSync(fs, 'renameSync', ([, to]) => `rename to ${nameOfFile(to)}`);
  aroundCallback(fs, 'fdatasync', (_, [file]) => syncOf(file));
  aroundAsync(fs.promises, 'rename', (_, [, to]) => `rename to ${nameOfFile(to)}`);
  const handle = await fs.promises.open(process.execPath);
  // Casts: a file handle's prototype is an object, and a handle has its descriptor.
  aroundAsync(Object.getPrototypeOf(handle) as object, 'sync', (self) => syncOf((self as { fd: number }).fd));
  await handle.close();
}

// Threads of a program load this too, and have neither signals nor anything to commit.
if (isMainThread) {
  process.on('SIGUSR2', obey);
  aroundCallback(Duplex.prototype, 'write', streamName);
  for (const method of ['write', 'end']) aroundCallback(OutgoingMessage.prototype, method, answerName);
  if (program === 'gateway') aroundStatements();
  await aroundFiles();
  // What imports these by their names gets the replaced ones from here on.
  syncBuiltinESMExports();
}
