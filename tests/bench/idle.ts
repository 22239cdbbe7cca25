/**
 * `node tests/bench/idle.ts`: resident memory of gateway and agent with 100 idle sessions, each with its server
 * process. Exits 1 over the bounds of issue 2.
 */
import { join } from 'node:path';
import { startSubject } from '../conformance/subject.ts';
import { residentBytes } from './footprint.ts';
import { MUST } from './limits.ts';
import { startLoadDriver } from './load-driver.ts';

const SERVER = 'idle';
/** After the last session is open: time for what opening them left behind to be collected, if it ever is. */
const SETTLE_MS = 15_000;

const load = startLoadDriver();
const subject = await startSubject({
  servers: {
    [SERVER]: { transport: 'stdio', command: ['/bin/sh', join(import.meta.dirname, 'idle-server.sh')] },
  },
}).catch((cause: unknown) => {
  load.stop();
  throw cause;
});
try {
  const before = { gateway: residentBytes(subject.gatewayPid), agent: residentBytes(subject.agentPid) };
  const headers = { authorization: `Bearer ${subject.token}` };
  await load.open('sallyport', subject.mcpUrl(SERVER), headers, MUST.idleSessions);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  for (const [role, pid, bound] of [
    ['gateway', subject.gatewayPid, MUST.gatewayIdleBytes],
    ['agent', subject.agentPid, MUST.agentIdleBytes],
  ] as const) {
    const bytes = residentBytes(pid);
    const reached = bytes <= bound;
    if (!reached) process.exitCode = 1;
    process.stdout.write(
      `${role}: ${mega(bytes)} MB resident with ${MUST.idleSessions} idle sessions ` +
        `(${mega(before[role])} MB before them), at most ${mega(bound)}: ${reached ? 'reached' : 'MISSED'}\n`,
    );
  }
} finally {
  load.stop();
  await subject.stop();
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
