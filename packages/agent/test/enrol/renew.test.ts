import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, type Pair, startPair } from '../gateway-side/agent.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;
afterEach(() => pair.stop());

describe('the certificate', () => {
  it('renews itself before it ends, is stored, and the tunnel is made anew with it while sessions go on', async () => {
    pair = await startPair({ echo: fixture('echo.js') }, { certificateLifetimeMs: 5_000 });
    const first = await pair.gateway.tunnel();
    const channel = await pair.gateway.open('echo');
    const stored = () => readFileSync(join(pair.stateDir, 'identity.json'), 'utf8');
    const before = stored();
    await until(
      () => pair.gateway.attached.some((each) => each.serial !== first.serial),
      'a tunnel with the new one',
    );
    expect(pair.gateway.renewals).toBeGreaterThan(0);
    expect(JSON.parse(stored()).certificatePem).not.toBe(JSON.parse(before).certificatePem);
    expect(JSON.parse(stored()).keyPem).not.toBe(JSON.parse(before).keyPem);
    channel.send(1, { jsonrpc: '2.0', id: 1, method: 'echo' });
    expect(await channel.json(0)).toMatchObject({ id: 1 });
  });
});
