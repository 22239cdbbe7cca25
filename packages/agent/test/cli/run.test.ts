import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { fixture, scratch } from '../gateway-side/agent.ts';
import type { TestChannel } from '../gateway-side/channel.ts';
import { TestGateway } from '../gateway-side/gateway.ts';
import { isAlive, startAgentProgram } from '../gateway-side/program.ts';
import { until } from '../gateway-side/until.ts';

let gateway: TestGateway;
let folder: { path: string; clean: () => void };
let child: ChildProcess | undefined;

beforeEach(async () => {
  gateway = await TestGateway.start();
  folder = scratch();
  const servers = { echo: fixture('echo.js'), stubborn: fixture('echo.js', '--stubborn') };
  writeFileSync(join(folder.path, 'agent.yaml'), stringify({ gateway: gateway.address, servers }));
  writeFileSync(join(folder.path, 'token'), gateway.token());
});
afterEach(() => {
  child?.kill('SIGKILL');
  gateway.stop();
  folder.clean();
});

function run(env: Record<string, string> = {}, stdio: 'pipe' | 'ipc' = 'pipe'): ChildProcess {
  const { path } = folder;
  const files = ['--config', join(path, 'agent.yaml'), '--state', join(path, 'state')];
  child = startAgentProgram(['run', ...files, '--token-file', join(path, 'token')], env, stdio);
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
}

async function pidOf(channel: TestChannel): Promise<number> {
  const index = channel.messages.length;
  channel.send(index + 1, { jsonrpc: '2.0', id: 'pid', method: 'pid' });
  const { pid } = (await channel.json(index)).result as { pid: number };
  return pid;
}

describe('sallyport-agent run', () => {
  it('leaves no server process when it is killed with SIGKILL, not even one that ignores its end', async () => {
    const agent = run();
    const pids: number[] = [];
    for (const server of ['echo', 'stubborn', 'stubborn']) pids.push(await pidOf(await gateway.open(server)));
    expect(pids.every(isAlive)).toBe(true);
    agent.kill('SIGKILL');
    await until(() => !pids.some(isAlive), 'all server processes to be gone');
  });

  it('says that it drains and ends everything at SIGTERM, with exit code 0', async () => {
    const agent = run();
    const tunnel = await gateway.tunnel();
    const channel = await gateway.open('stubborn');
    const pid = await pidOf(channel);
    agent.kill('SIGTERM');
    const [code] = (await once(agent, 'exit')) as [number];
    expect(code).toBe(0);
    expect(tunnel.draining).toBe(true);
    expect(channel.sessionEnded).toMatchObject({ reason: 'ended' });
    expect(isAlive(pid)).toBe(false);
  });

  it('lets a call in flight finish at SIGTERM', async () => {
    const agent = run();
    const channel = await gateway.open('echo');
    await pidOf(channel);
    channel.send(2, { jsonrpc: '2.0', id: 2, method: 'later', params: { ms: 1_500 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    agent.kill('SIGTERM');
    expect(await channel.json(1)).toMatchObject({ id: 2, result: {} });
    await once(agent, 'exit');
  });

  it('ends with its supervisor', async () => {
    const agent = run({ SALLYPORT_SUPERVISED: '1' }, 'ipc');
    const pid = await pidOf(await gateway.open('echo'));
    agent.disconnect();
    const [code] = (await once(agent, 'exit')) as [number];
    expect(code).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  it('starts again without its token, which is used up', async () => {
    const first = run();
    await gateway.tunnel();
    first.kill('SIGTERM');
    await once(first, 'exit');
    rmSync(join(folder.path, 'token'));
    gateway.attached.length = 0;
    run();
    await gateway.tunnel();
    expect(gateway.enrolled.length).toBe(1);
  });

  it('waits for a gateway that is not there yet', async () => {
    const { port, authority } = gateway;
    gateway.stop();
    const agent = run();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(agent.exitCode).toBe(null);
    gateway = await TestGateway.start({ port, authority });
    await gateway.tunnel();
    agent.kill('SIGTERM');
    await once(agent, 'exit');
  });
});
