import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provesWakes } from '../../packages/gateway/test/jobs/woken.ts';
import { TestRedis } from './server.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await TestRedis.start();
});
afterAll(() => redis?.stop());

let places = 0;
describe('on Redis', () => {
  provesWakes(async () => {
    places += 1;
    return {
      place: { redisUrl: redis.url, prefix: `sallyport:test-${places}` },
      loseAll: async () => {
        expect(await redis.command('FLUSHALL')).toBe('+OK');
      },
    };
  });

  it('no key is without the prefix, so that several gateways may share a Redis', async () => {
    const count = (pattern: string) => redis.command('EVAL', `return #redis.call('keys', '${pattern}')`, '0');
    expect(await count('*')).toMatch(/^:[1-9]/);
    expect(await count('*')).toBe(await count('sallyport:test-*:wakes:*'));
  });
});
