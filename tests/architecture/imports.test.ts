import { describe, expect, it } from 'vitest';
import { scriptOf } from '../../packages/shared/page/build.ts';
import { roomOf, type Source, sourcesOf } from './sources.ts';

const gateway = sourcesOf('packages/gateway/src');
const agent = sourcesOf('packages/agent/src');
const shared = sourcesOf('packages/shared/src');
const all = [...gateway, ...agent, ...shared, ...sourcesOf('packages/proto/src')];

/** Rooms of the gateway that stand side by side. They know store and telemetry by type, and never each other. */
const ROOMS = [
  'identity',
  'session',
  'policy',
  'approval',
  'masking',
  'audit',
  'registry',
  'tunnel',
  'grant',
  'limit',
  'proposal',
  'tools',
  'hygiene',
  'notify',
  'jobs',
];

function offences(
  sources: readonly Source[],
  offends: (source: Source, specifier: string, path: string | undefined, typeOnly: boolean) => boolean,
): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter((each) => offends(source, each.specifier, each.path, each.typeOnly))
      .map((each) => `${source.path} imports ${each.specifier}`),
  );
}

describe('imports go one way: main → wire → http, admin → call → rooms → store, telemetry, config → shared', () => {
  it('gateway and agent never import each other: they are two programs that only share a wire', () => {
    expect(offences(gateway, (_s, specifier) => specifier.startsWith('@sallyport/agent'))).toEqual([]);
    expect(offences(agent, (_s, specifier) => specifier.startsWith('@sallyport/gateway'))).toEqual([]);
    expect(offences(shared, (_s, specifier) => specifier.startsWith('@sallyport/'))).toEqual([]);
  });

  it('rooms never import rooms: pass what you need as a function from wire.ts', () => {
    const wrong = offences(gateway, (source, _specifier, path) => {
      const from = roomOf(source.path)?.room ?? '';
      const to = path === undefined ? '' : (roomOf(path)?.room ?? '');
      return ROOMS.includes(from) && ROOMS.includes(to) && from !== to;
    });
    expect(wrong).toEqual([]);
  });

  it('a room is entered by its door: import index.ts, or types.ts for types', () => {
    const wrong = offences(gateway, (source, _specifier, path, typeOnly) => {
      if (path === undefined) return false;
      const from = roomOf(source.path)?.room ?? '';
      const to = roomOf(path)?.room ?? '';
      if (from === to || to === '') return false;
      return !(
        path.endsWith('/index.ts') ||
        (typeOnly && path.endsWith('/types.ts')) ||
        (from === 'cli' && to === 'config')
      );
    });
    expect(wrong).toEqual([]);
  });

  const BELOW: Record<string, readonly string[]> = {
    store: ['http', 'admin', 'call', 'cli', ...ROOMS],
    telemetry: ['http', 'admin', 'call', 'cli', 'store', 'config', ...ROOMS],
    config: ['http', 'admin', 'call', 'cli', 'store', ...ROOMS],
    call: ['http', 'admin', 'cli'],
    http: ['admin', 'cli'],
    admin: ['http', 'call', 'cli'],
    ...Object.fromEntries(ROOMS.map((room) => [room, ['http', 'admin', 'call', 'cli']])),
  };
  for (const [room, forbidden] of Object.entries(BELOW)) {
    it(`${room} knows nothing of ${forbidden.slice(0, 4).join(', ')}…: what is below does not know what is above`, () => {
      const wrong = offences(
        gateway.filter((source) => roomOf(source.path)?.room === room),
        (_s, _specifier, path) => path !== undefined && forbidden.includes(roomOf(path)?.room ?? ''),
      );
      expect(wrong).toEqual([]);
    });
  }

  it('only wire.ts and the files beside it know all rooms; nothing imports wire.ts but main.ts and index.ts', () => {
    const wrong = offences(
      gateway,
      (source, _s, path) =>
        path === 'packages/gateway/src/wire.ts' && !/src\/(main|index)\.ts$/.test(source.path),
    );
    expect(wrong).toEqual([]);
  });
});

describe('one place for each way out of the process', () => {
  it('only store imports pg as a program: SQL errors, pools and transactions are its business', () => {
    const wrong = offences(
      gateway,
      (source, specifier, _path, typeOnly) =>
        /^(pg|kysely|node-pg-migrate)$/.test(specifier) && !typeOnly && roomOf(source.path)?.room !== 'store',
    );
    expect(wrong).toEqual([]);
  });

  it('only config reads the environment: what a setting does can be found in one room', () => {
    const wrong = all
      .filter((source) => /process\.env\b/.test(source.text) && roomOf(source.path)?.room !== 'config')
      .map((source) => source.path);
    expect(wrong).toEqual([]);
  });

  it("only the agent's servers/ and the embedded Postgres start programs: nothing a client says reaches a shell", () => {
    const allowed = /^packages\/agent\/src\/(servers|guard)\/|^packages\/gateway\/src\/store\/embedded\//;
    const wrong = offences(
      all,
      (source, specifier) => specifier === 'node:child_process' && !allowed.test(source.path),
    );
    expect(wrong).toEqual([]);
  });

  it('shared does no input or output: the verifier and both programs must be able to use it anywhere', () => {
    const wrong = offences(
      shared,
      (source, specifier) =>
        /^node:(fs|net|http|https|child_process|tls|dns)/.test(specifier) &&
        source.path !== 'packages/shared/src/verify/disk.ts',
    );
    expect(wrong).toEqual([]);
  });

  it('the verifier shares only the hashing file with the programs: their mistake must not be its own too', () => {
    const verifier = shared.filter((source) => source.path.startsWith('packages/shared/src/verify/'));
    expect(verifier.length).toBeGreaterThan(10);
    const wrong = offences(verifier, (_s, specifier, path) =>
      path === undefined
        ? !/^node:(crypto|fs|fs\/promises|os|path|process|util)$/.test(specifier) &&
          !/^(asn1js|pkijs)$/.test(specifier)
        : !path.startsWith('packages/shared/src/verify/') && path !== 'packages/shared/src/merkle/hash.ts',
    );
    expect(wrong).toEqual([]);
    const hashing = shared.filter((source) => source.path === 'packages/shared/src/merkle/hash.ts');
    expect(hashing).toHaveLength(1);
    expect(offences(hashing, (_s, specifier) => specifier !== 'node:crypto')).toEqual([]);
  });

  it("the verifier's page is made of the verifier, the page and packages that compute: nothing in it could send anything", async () => {
    const inputs = await Promise.all((['page.ts', 'worker.ts'] as const).map((entry) => scriptOf(entry)));
    const strange = inputs
      .flatMap((script) => script.inputs)
      .filter((path) => !/^packages\/shared\/(page|src\/verify)\/[a-z0-9-]+\.ts$/.test(path))
      .filter((path) => path !== 'packages/shared/src/merkle/hash.ts')
      .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? path);
    expect([...new Set(strange)].toSorted()).toEqual([
      '@noble/ed25519',
      '@noble/hashes',
      '@peculiar/utils',
      'asn1js',
      'base64-js',
      'buffer',
      'bytestreamjs',
      'ieee754',
      'pkijs',
    ]);
    const text = inputs.map((script) => script.text).join('\n');
    expect(
      text.match(/\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|eval)\b\(/g),
    ).toBeNull();
  });

  it('no MCP SDK on the relay path: its (de)serialiser changes what passes through', () => {
    expect(offences(all, (_s, specifier) => specifier.startsWith('@modelcontextprotocol/'))).toEqual([]);
  });

  it('nothing prints but the log and the command line: a stray print may carry a payload', () => {
    const wrong = all
      .filter(
        (source) =>
          /\bconsole\.(log|error|warn|info|debug)\(/.test(source.text) && !/\/cli\//.test(source.path),
      )
      .map((source) => source.path);
    expect(wrong).toEqual([]);
  });
});
