import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '@sallyport/shared/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { Guardian, openStdio, StartBackoff } from '../../../src/servers/stdio/index.ts';
import { listeningLogger } from '../../gateway-side/agent.ts';
import { isAlive } from '../../gateway-side/program.ts';
import { until } from '../../gateway-side/until.ts';
import { Recorder } from '../http/recorder.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const { log, lines } = listeningLogger();
const guardian = new Guardian(log);
afterEach(() => {
  lines.length = 0;
});

function open(args: readonly string[], clock: Clock = systemClock, backoff = new StartBackoff(clock)) {
  const events = new Recorder();
  const servers = { guardian, clock, backoff, baseEnvironment: () => ({}), resolveValues: () => ({}) };
  const definition = { name: 'it', command: [process.execPath, ...args] as [string], env: {}, cwd: FIXTURES };
  const opening = openStdio(servers, { definition, era: 'legacy', timeoutMs: 1_000, events, log });
  return { events, opening };
}

describe('a server process', () => {
  it('that ignores its end is killed with all it has started', async () => {
    const { events, opening } = open([join(FIXTURES, 'family.js')]);
    const connection = await opening;
    await until(() => events.messages.length === 1, 'its process ids');
    const { pids } = JSON.parse(events.messages[0]?.text ?? '') as { pids: number[] };
    expect(pids.every(isAlive)).toBe(true);
    await connection.end(true);
    await until(() => !pids.some(isAlive), 'all to end');
    expect(events.over).toMatchObject({ reason: 'ended' });
  });

  it('takes its children with it when it exits by itself', async () => {
    const { events, opening } = open([join(FIXTURES, 'family.js'), '--exit']);
    await opening;
    await until(() => events.messages.length === 1, 'its process ids');
    const { pids } = JSON.parse(events.messages[0]?.text ?? '') as { pids: number[] };
    await until(() => events.over !== undefined, 'the end');
    await until(() => !pids.some(isAlive), 'all to end');
  });

  it('passes its last lines before its end is told', async () => {
    const { events, opening } = open(['-e', 'process.stdout.write("{\\"last\\":1}"); process.exitCode = 4']);
    await opening;
    await until(() => events.over !== undefined, 'the end');
    expect(events.messages).toEqual([{ exchange: 0, text: '{"last":1}' }]);
    expect(events.over).toEqual({ reason: 'crashed', detail: 'exit code 4' });
  });

  it('has its stderr in the log, shortened and limited, and never as a message', async () => {
    const script =
      'for (let i = 0; i < 500; i++) console.error("line " + i + "x".repeat(50)); console.log("{}")';
    const { events, opening } = open(['-e', script]);
    await opening;
    await until(() => events.over !== undefined, 'the end');
    expect(events.messages.length).toBe(1);
    const logged = lines.filter((line) => line.message === 'server stderr');
    expect(logged.length).toBeGreaterThanOrEqual(100);
    expect(logged.length).toBeLessThan(500);
    expect(lines.some((line) => line.message === 'server wrote more to stderr than is logged')).toBe(true);
  });

  it('that sends a line larger than a message is ended', async () => {
    const { events, opening } = open([
      '-e',
      'process.stdout.write("{" + "x".repeat(18 * 1024 * 1024)); setInterval(() => {}, 1000)',
    ]);
    await opening;
    await until(() => events.over !== undefined, 'the end');
    expect(events.over).toMatchObject({ reason: 'guard' });
    expect(events.messages).toEqual([]);
  });

  it('that closes its stdin is ended', async () => {
    const { events, opening } = open(['-e', 'require("fs").closeSync(0); setInterval(() => {}, 1000)']);
    const connection = await opening;
    await until(() => {
      connection.send({ exchange: 1, payload: Buffer.from('{}'), expectsAnswer: false, headers: {} });
      return events.over !== undefined;
    }, 'the end');
  });

  it('that dies at start again and again is refused for a while, in words', async () => {
    let now = 0;
    const clock = { now: () => now, monotonicMs: () => now };
    const backoff = new StartBackoff(clock);
    const attempt = async (): Promise<void> => {
      const { events, opening } = open(['-e', 'process.exit(3)'], clock, backoff);
      await opening;
      await until(() => events.over !== undefined, 'the end');
    };
    for (let i = 0; i < 3; i += 1) await attempt();
    await expect(attempt()).rejects.toThrow(
      'it failed to start 3 times in a row (exit code 3); next attempt in 1 s',
    );
    now += 1_001;
    await attempt();
    await expect(attempt()).rejects.toThrow(
      'it failed to start 4 times in a row (exit code 3); next attempt in 2 s',
    );
    backoff.forget('it');
    await attempt();
  });
});

describe('the guardian', () => {
  const children = (): number[] => {
    const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], {
      encoding: 'utf8',
    });
    return list
      .split('\n')
      .filter((line) => line.includes('while read -r line'))
      .map((line) => Number.parseInt(line, 10));
  };

  it('is replaced when it is killed, and the next one guards what the first did', async () => {
    const { events, opening } = open([join(FIXTURES, 'family.js')]);
    await opening;
    await until(() => events.messages.length === 1, 'its process ids');
    const { pids } = JSON.parse(events.messages[0]?.text ?? '') as { pids: number[] };
    const [first] = children();
    if (first === undefined) throw new Error('there is no guardian');
    process.kill(first, 'SIGKILL');
    await until(() => children().some((pid) => pid !== first && isAlive(pid)), 'another guardian');
    guardian.stop();
    await until(() => !pids.some(isAlive), 'what it guarded to end');
  });
});
