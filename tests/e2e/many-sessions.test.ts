import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StdioConnection } from '../../packages/agent/src/servers/stdio/connection.ts';
import { Link } from '../../packages/gateway/src/session/link.ts';
import { Session } from '../../packages/gateway/src/session/session.ts';
import { ChannelStream } from '../../packages/gateway/src/tunnel/channel.ts';
import { processTree } from '../conformance/process-tree.ts';
import { RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const TINY = fileURLToPath(new URL('../framework/servers/tiny.sh', import.meta.url));
const AT_ONCE = 20;
const ROUNDS = 4;

setFlagsFromString('--expose-gc');
// Cast: what the flag above puts into every new context.
const collect = runInNewContext('gc') as () => void;

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({ servers: { tiny: { transport: 'stdio', command: ['/bin/sh', TINY] } } });
});
afterAll(() => sallyport?.stop());

/** Sessions opened, used once and closed, `AT_ONCE` side by side. Returns how many went as they should. */
async function sessions(count: number): Promise<number> {
  let begun = 0;
  let well = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < count) {
        begun += 1;
        const client = new RawClient(sallyport.mcp('tiny'), sallyport.token);
        const opened = await client.initialize();
        const called = await client.call('nothing');
        const closed = await client.delete();
        if ([opened.status, called.status, closed.status].every((status) => status === 200)) well += 1;
      }
    }),
  );
  return well;
}

/** What this process, which holds gateway, agent and client, has of what could leak. */
async function holdings() {
  // Servers are ended after the client has its answer.
  for (let i = 0; i < 200 && servers().length > 0; i += 1) await sleep(50);
  for (let i = 0; i < 5; i += 1) {
    collect();
    await sleep(100);
  }
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  return {
    servers: servers(),
    processes: processTree(process.pid).length,
    pipes: pipes(),
    descriptors: descriptors().length,
    memory: heapUsed + external,
    outside: rss - heapTotal,
  };
}

/** Command lines of the servers that run below this process. */
function servers(): string[] {
  return processTree(process.pid).flatMap(({ pid }) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return words.includes(TINY) ? [words] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

/** What a session consists of at both ends, as it lives in memory now. Collects garbage first. */
function alive(): Record<string, number> {
  const kinds = { Session, Link, ChannelStream, StdioConnection };
  return Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]),
  );
}

const each = (count: number) => ({
  Session: count,
  Link: count,
  ChannelStream: count,
  StdioConnection: count,
});

async function untilAlive(count: number): Promise<Record<string, number>> {
  for (let i = 0; i < 20 && Object.values(alive()).some((found) => found !== count); i += 1) await sleep(500);
  return alive();
}

function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the descriptor of the listing itself
    }
  });
}

/** Node's pipes to a child process are sockets without a name, as are TCP connections; all are counted. */
function pipes(): number {
  return descriptors().filter((target) => target.startsWith('pipe:')).length;
}

describe('1,000 sessions, opened and closed', () => {
  it('are counted rightly: one that is open is there, at both ends', async () => {
    // Those that the agent looked at its servers with are let go a little later.
    expect(await untilAlive(0)).toEqual(each(0));
    const client = new RawClient(sallyport.mcp('tiny'), sallyport.token);
    await client.initialize();
    const [open, running] = [alive(), servers()];
    await client.delete();
    expect(open).toEqual(each(1));
    expect(running).toHaveLength(1);
  });

  it('leave no process, no descriptor and no megabyte', async () => {
    // The first ones fill pools, caches and compiled code; what grows after them grows for ever.
    expect(await sessions(300)).toBe(300);
    const before = await holdings();
    expect(before.servers).toEqual([]);
    const rounds = [before];
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await sessions(1000 / ROUNDS)).toBe(1000 / ROUNDS);
      rounds.push(await holdings());
    }
    const after = rounds.at(-1) ?? before;

    expect(after.servers).toEqual([]);
    // Beside servers: Postgres, its backends that pools keep, and the guardians.
    expect(after.processes - before.processes).toBeLessThanOrEqual(AT_ONCE);
    expect(after.pipes).toBe(before.pipes);
    // One leaked per session would be 1,000. What may differ are pooled connections: the database's and the
    // client's, each within AT_ONCE.
    expect(after.descriptors - before.descriptors).toBeLessThanOrEqual(2 * AT_ONCE);
    // Both of memory: what a program takes once, it takes in one round or another; a leak shows in every one.
    const growth = (of: 'memory' | 'outside') =>
      Math.min(...rounds.slice(1).map((round, index) => round[of] - (rounds[index] ?? before)[of]));
    // A session that is kept holds its identity, maps, a link and a listener: more than 1 KiB.
    expect(growth('memory')).toBeLessThan((1000 / ROUNDS) * 1024);
    // Resident memory without V8's pages, which it takes and keeps as it likes; what is in them was counted above. The
    // rest is the allocator's: less than a native buffer of 16 KiB left by each session.
    expect(growth('outside')).toBeLessThan((1000 / ROUNDS) * 16 * 1024);
    expect(await untilAlive(0)).toEqual(each(0));

    const { body } = await sallyport.api('GET', '/sessions');
    expect(body.items).toEqual([]);
    const ends = await sallyport.entries('session.end');
    expect(ends).toHaveLength(1301);
  }, 300_000);
});
