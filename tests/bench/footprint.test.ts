import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { cpuBetween, readFootprint } from './footprint.ts';
import type { Party } from './parties.ts';

describe("a party's footprint", () => {
  it('takes in the processes below its roots, with their CPU time', async () => {
    // A shell that stays, and below it a process that burns CPU for a while and then says so.
    const burn =
      'const end = Date.now() + 400; while (Date.now() < end); console.log("burnt"); setInterval(() => {}, 1000)';
    const shell = spawn('/bin/sh', ['-c', `"${process.execPath}" -e '${burn}' & wait`], { detached: true });
    try {
      const party: Party = {
        name: 'direct',
        url: '',
        headers: {},
        roots: [{ role: 'shell', pid: shell.pid ?? 0 }],
        stop: async () => {},
      };
      const before = readFootprint(party);
      await once(shell.stdout, 'data');
      const after = readFootprint(party);
      expect(after.map(({ role, processes }) => [role, processes])).toEqual([
        ['shell', 1],
        ['server', 1],
      ]);
      expect(cpuBetween(before, after).server).toBeGreaterThan(0.1);
      expect(after.find(({ role }) => role === 'server')?.peakBytes).toBeGreaterThan(10e6);
    } finally {
      process.kill(-(shell.pid ?? 0), 'SIGKILL');
    }
  });
});
