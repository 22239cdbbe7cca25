import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, type Pair, startPair } from '../gateway-side/agent.ts';
import { TestGateway } from '../gateway-side/gateway.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;
afterEach(() => pair.stop());

describe('a change of agent.yaml', () => {
  it('is taken up without a restart: new servers serve, removed ones end, unchanged ones go on', async () => {
    pair = await startPair({ stays: fixture('echo.js'), goes: fixture('echo.js') });
    const tunnel = await pair.gateway.tunnel();
    const [stays, goes] = [await pair.gateway.open('stays'), await pair.gateway.open('goes')];
    pair.writeConfig({ stays: fixture('echo.js'), comes: fixture('echo.js') });
    await until(() => goes.sessionEnded !== undefined, 'the end of the removed one');
    expect(goes.sessionEnded).toMatchObject({ reason: 'guard' });
    await until(() => tunnel.server('comes')?.probed === true, 'the new inventory');
    expect(tunnel.inventories.at(-1)?.map((server) => server.name)).toEqual(['stays', 'comes']);
    const comes = await pair.gateway.open('comes');
    for (const channel of [stays, comes]) {
      channel.send(1, { jsonrpc: '2.0', id: 1, method: 'echo' });
      expect(await channel.json(0)).toMatchObject({ id: 1 });
    }
    await expect(pair.gateway.open('goes')).rejects.toThrow(/UNKNOWN_SERVER/);
  });

  it('of one server counts from its next session on', async () => {
    const withEnv = (KEY: string) => ({ echo: { ...fixture('echo.js'), env: { KEY } } });
    pair = await startPair(withEnv('one'));
    const first = await pair.gateway.open('echo');
    pair.writeConfig(withEnv('two'));
    await until(
      () => pair.logLines.some((line) => line.message === 'agent.yaml taken up anew'),
      'the change',
    );
    const second = await pair.gateway.open('echo');
    const keys: unknown[] = [];
    for (const channel of [first, second]) {
      channel.send(1, { jsonrpc: '2.0', id: 1, method: 'env' });
      const { env } = (await channel.json(0)).result as { env: { KEY: string } };
      keys.push(env.KEY);
    }
    expect(keys).toEqual(['one', 'two']);
  });

  it('that is invalid is logged and leaves the old one in force', async () => {
    pair = await startPair({ echo: fixture('echo.js') });
    await pair.gateway.tunnel();
    writeFileSync(pair.configFile, 'gateway: nowhere\n');
    const said = () => pair.logLines.find((line) => String(line.message).includes('can not be used'));
    await until(() => said() !== undefined, 'the words');
    expect(said()).toMatchObject({ problem: expect.stringContaining('"nowhere" is not host:port') });
    const channel = await pair.gateway.open('echo');
    channel.send(1, { jsonrpc: '2.0', id: 1, method: 'echo' });
    expect(await channel.json(0)).toMatchObject({ id: 1 });
  });

  it('of the gateway moves the tunnel', async () => {
    pair = await startPair({ echo: fixture('echo.js') });
    const before = await pair.gateway.tunnel();
    const other = await TestGateway.start({ authority: pair.gateway.authority, replica: 'two' });
    pair.writeConfig({ echo: fixture('echo.js') }, { gateway: other.address });
    await other.tunnel();
    await until(() => before.closed, 'the old tunnel to close');
    await pair.agent.stop();
    other.stop();
  });
});
