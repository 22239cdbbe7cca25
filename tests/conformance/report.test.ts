import { describe, expect, it } from 'vitest';
import { compareRuns, countReport, renderReport } from './report.ts';
import { type CheckStatus, lostChecks, requiredScenarios, type SuiteResult } from './suite.ts';

const result = (scenarios: Record<string, Record<string, CheckStatus>>): SuiteResult =>
  new Map(
    Object.entries(scenarios).map(([name, checks]) => [
      name,
      new Map(Object.entries(checks).map(([id, status]) => [id, { status }])),
    ]),
  );

describe('checks lost on the way through the gateway', () => {
  it('are those that passed and no longer do', () => {
    const direct = result({ one: { a: 'SUCCESS', b: 'SUCCESS', c: 'SUCCESS', d: 'SUCCESS', e: 'SUCCESS' } });
    const through = result({ one: { a: 'SUCCESS', b: 'WARNING', c: 'FAILURE', e: 'INFO' } });
    expect(lostChecks(direct, through).map((line) => line.trim())).toEqual([
      'one: b: WARNING',
      'one: c: FAILURE',
      'one: d: absent',
    ]);
  });

  it('are none where the fixture itself fails or the gateway does better', () => {
    const direct = result({ one: { a: 'FAILURE', b: 'WARNING' } });
    const through = result({ one: { a: 'FAILURE', b: 'SUCCESS' } });
    expect(lostChecks(direct, through)).toEqual([]);
  });

  it('make the run fail even when every required scenario passes', () => {
    const all = Object.fromEntries(
      requiredScenarios('2025-11-25').map((name) => [name, { 'its-check': 'SUCCESS' }]),
    );
    const direct = result({ ...all, optional: { extra: 'SUCCESS' } } as Record<
      string,
      Record<string, CheckStatus>
    >);
    const through = result({ ...all } as Record<string, Record<string, CheckStatus>>);
    const report = compareRuns(
      '2025-11-25',
      new Map([
        ['direct', direct],
        ['stdio', through],
      ]),
    );
    expect(countReport([report])).toEqual({ passed: 60, failed: 1 });
    expect(renderReport(report)).toContain('LOST through stdio: optional: extra: absent');
  });

  it('count a scenario that never ran as failed', () => {
    const report = compareRuns('2026-07-28', new Map([['direct', result({})]]));
    expect(countReport([report])).toEqual({ passed: 0, failed: 37 });
  });
});
