import { describe, expect, it } from 'vitest';
import { renderProfile } from './profile.ts';

const frame = (functionName: string, url: string, lineNumber: number) => ({ functionName, url, lineNumber });

describe('a rendered CPU profile', () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('append', 'file:///src/packages/gateway/dist/audit/append.js', 9) },
      {
        id: 2,
        callFrame: frame('parse', 'file:///src/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js', 0),
      },
      { id: 3, callFrame: frame('(idle)', '', -1) },
    ],
    startTime: 1000,
    samples: [1, 2, 1, 3],
    timeDeltas: [100, 300, 100, 500],
  };

  it('shares self time by function and by part', () => {
    const text = renderProfile(profile, 1000, 2000);
    expect(text).toContain('50.0 %  (idle)');
    expect(text).toContain('30.0 %  parse pg/lib/client.js:1');
    expect(text).toContain('20.0 %  append packages/gateway/dist/audit/append.js:10');
    expect(text).toContain('20.0 %  packages/gateway/dist/audit\n');
  });

  it('leaves out what lies before and after the load', () => {
    // Only the second and third sample end inside.
    const text = renderProfile(profile, 1150, 1600);
    expect(text).toContain('75.0 %  pg');
    expect(text).not.toContain('(idle)');
  });
});
