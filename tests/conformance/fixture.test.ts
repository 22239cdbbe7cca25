import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedProcess, startProcess } from './processes.ts';
import { REVISIONS, requiredScenarios, runSuite, scenarioPasses } from './suite.ts';

/** The suite waits for streams on purpose and takes some seconds for each revision. */
const SUITE_TEST_MS = 120_000;

describe('the fixture, reached directly over HTTP', () => {
  let fixture: StartedProcess;
  beforeAll(async () => {
    fixture = await startProcess({
      name: 'fixture',
      command: process.execPath,
      args: [join(import.meta.dirname, 'fixture/http.ts')],
      ready: /^http:/,
    });
  });
  afterAll(() => fixture.stop());

  it.each([...REVISIONS])('passes all that %s requires', { timeout: SUITE_TEST_MS }, async (revision) => {
    const required = requiredScenarios(revision);
    const result = await runSuite(fixture.readyLine.replace('127.0.0.1', 'localhost'), revision);
    expect(required).toHaveLength(revision === '2025-11-25' ? 30 : 37);
    expect(required.filter((name) => !scenarioPasses(result.get(name)))).toEqual([]);
  });
});
