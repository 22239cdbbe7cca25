import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, requireFreePorts, tryPort } from '../quickstart/ports.ts';
import { readSettings } from '../quickstart/settings.ts';
import { occupy, runStart, temporaryFolder } from './framework/quickstart.ts';

describe('a busy port', () => {
  it('ends the start with its number, use and variable, and leaves no lock', async () => {
    const folder = await temporaryFolder();
    const busy = await occupy();
    const tunnel = await freePort(undefined);
    const base = { SALLYPORT_DATA_DIR: folder.path };
    const gateway = await runStart({
      ...base,
      SALLYPORT_PORT: String(busy.port),
      SALLYPORT_TUNNEL_PORT: String(tunnel),
    });
    expect(gateway.code).toBe(1);
    expect(gateway.output).toMatch(new RegExp(`Port ${busy.port} .* is busy`));
    expect(gateway.output).toContain(`SALLYPORT_PORT=${busy.port + 10}`);
    expect(gateway.output).toContain('Another program listens there');
    const agents = await runStart({
      ...base,
      SALLYPORT_PORT: String(tunnel),
      SALLYPORT_TUNNEL_PORT: String(busy.port),
    });
    expect(agents.code).toBe(1);
    expect(agents.output).toContain(`SALLYPORT_TUNNEL_PORT=${busy.port + 10}`);
    expect(existsSync(join(folder.path, 'quickstart.lock'))).toBe(false);
    await busy.free();
    await folder.remove();
  });

  it('of another Sallyport is recognised', async () => {
    const server = createServer((_, response) =>
      response.end('{"openapi":"3.1.0","info":{"title":"Sallyport"}}'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const wanted = [{ port, variable: 'SALLYPORT_PORT', use: 'the gateway' }];
    await expect(requireFreePorts(wanted)).rejects.toThrow(/Another Sallyport answers there/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is not taken for a demo server that had it last time', async () => {
    const busy = await occupy();
    const other = await freePort(busy.port);
    expect(other).not.toBe(busy.port);
    expect(await tryPort(other)).toBeUndefined();
    await busy.free();
    expect(await freePort(busy.port)).toBe(busy.port);
  });
});

describe('settings', () => {
  it('name the variable that is wrong', () => {
    expect(() => readSettings({ SALLYPORT_PORT: '74o0' })).toThrow(/SALLYPORT_PORT is "74o0"/);
    expect(() => readSettings({ SALLYPORT_TUNNEL_PORT: '70000' })).toThrow(/SALLYPORT_TUNNEL_PORT/);
    expect(() => readSettings({ SALLYPORT_PORT: '7401' })).toThrow(/both 7401/);
  });

  it('give children no variable of the package manager', () => {
    const { environment, launched } = readSettings({
      PATH: '/bin',
      npm_lifecycle_event: 'start',
      npm_config_x: 'y',
      INIT_CWD: '/',
    });
    expect(environment).toEqual({ PATH: '/bin' });
    expect(launched).toBe(true);
  });
});
