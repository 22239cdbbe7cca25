import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, type Pair, scratch, startPair } from '../gateway-side/agent.ts';
import { isAlive } from '../gateway-side/program.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;
afterEach(() => pair.stop());

describe('a probe', () => {
  it('finds the eras of a server, also of one that exits when asked the wrong question', async () => {
    pair = await startPair({
      legacy: fixture('eras.js', 'legacy'),
      modern: fixture('eras.js', 'modern'),
      both: fixture('eras.js', 'legacy', 'modern'),
      neither: fixture('eras.js'),
      missing: { transport: 'stdio', command: ['no-such-command-here'] },
      secret: {
        transport: 'http',
        url: 'http://127.0.0.1:1/',
        headers: { Authorization: { credential: 'env:SALLYPORT_TEST_NOT_SET' } },
      },
    });
    const tunnel = await pair.gateway.tunnel();
    const names = ['legacy', 'modern', 'both', 'neither', 'missing', 'secret'];
    await until(() => names.every((name) => tunnel.server(name)?.probed === true), 'all probes');
    expect(tunnel.server('legacy')).toMatchObject({
      eras: ['legacy'],
      protocolVersions: ['2024-11-05'],
      serverName: 'oldname',
      problem: '',
    });
    expect(tunnel.server('modern')).toMatchObject({
      eras: ['modern'],
      protocolVersions: ['2026-07-28'],
      serverName: 'new',
      serverVersion: '2',
      problem: '',
    });
    expect(tunnel.server('both')).toMatchObject({ eras: ['modern', 'legacy'], problem: '' });
    expect(tunnel.server('neither')?.problem).toBe('it ended before it answered (exit code 5)');
    expect(tunnel.server('missing')?.problem).toContain('the command "no-such-command-here" was not found');
    expect(tunnel.server('secret')?.problem).toContain('SALLYPORT_TEST_NOT_SET is not set');
    // Exits in probes are no failed starts.
    await pair.gateway.open('legacy');
  });

  it('is made again when the gateway asks', async () => {
    const { path, clean } = scratch();
    const script = join(path, 'server.js');
    writeFileSync(script, 'process.exit(4);\n');
    pair = await startPair({ mended: { transport: 'stdio', command: [process.execPath, script] } });
    const tunnel = await pair.gateway.tunnel();
    await until(() => tunnel.server('mended')?.problem !== '', 'the problem');
    writeFileSync(script, '');
    appendFileSync(
      script,
      `process.stdin.on('data', (data) => {
        const { id } = JSON.parse(data);
        console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'm', version: '1' } } }));
      });`,
    );
    tunnel.send({ probeServer: { server: 'mended' } });
    tunnel.send({ probeServer: { server: 'unknown' } });
    await until(() => tunnel.server('mended')?.problem === '', 'the mended server');
    expect(tunnel.server('mended')).toMatchObject({ eras: ['legacy'], protocolVersions: ['2025-06-18'] });
    clean();
  });

  it('leaves no process behind', async () => {
    const { path, clean } = scratch();
    const file = join(path, 'pids');
    pair = await startPair({ stubborn: fixture('echo.js', '--stubborn', `--pids=${file}`) });
    const tunnel = await pair.gateway.tunnel();
    await until(() => tunnel.server('stubborn')?.probed === true, 'the probe');
    const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number);
    expect(pids.length).toBe(2);
    await until(() => !pids.some(isAlive), 'both processes to end');
    clean();
  });
});

describe('the bounds of agent.yaml', () => {
  it('refuse more sessions than allowed, and give places back', async () => {
    const limited = { ...fixture('echo.js'), limits: { sessions: 1 } };
    pair = await startPair({ limited, free: fixture('echo.js') }, {}, { limits: { sessions: 2 } });
    const first = await pair.gateway.open('limited');
    await expect(pair.gateway.open('limited')).rejects.toThrow(
      /TOO_MANY_SESSIONS: limited already has 1 sessions/,
    );
    await pair.gateway.open('free');
    await expect(pair.gateway.open('free')).rejects.toThrow(
      /TOO_MANY_SESSIONS: the agent already has 2 sessions/,
    );
    first.frame({ endChannel: { reason: 'client' } });
    await until(() => pair.agent.sessionCount() === 1, 'the place');
    await pair.gateway.open('limited');
  });
});
