import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../packages/gateway/test/cli/run-program.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';
import { TestRedis } from './server.ts';

let redis: TestRedis;
let sallyport: Sallyport;
beforeAll(async () => {
  redis = await TestRedis.start();
  sallyport = await startSallyport({ servers: { echo: echoServer() }, settings: { redisUrl: redis.url } });
});
afterAll(async () => {
  await sallyport?.stop();
  await redis?.stop();
});

async function limit(spec: object): Promise<void> {
  const documents = [{ kind: 'Limit', name: 'the-limit', spec: { per: ['principal'], ...spec } }];
  const answer = await sallyport.api('POST', '/apply', { documents });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
}

/** A client of an account that has not called yet. */
let accounts = 0;
async function client(): Promise<RawClient> {
  accounts += 1;
  const token = await sallyport.newToken(`counted-${accounts}`, ['engineers']);
  const made = new RawClient(sallyport.mcp('echo'), token);
  await made.initialize();
  return made;
}

const call = async (on: RawClient, args: object = {}, id = 1) =>
  JSON.parse((await on.call('echo', args, id)).text);
const isRight = (answer: { error?: unknown }) => answer.error === undefined;
const ready = async () => (await fetch(`${sallyport.url}/readyz`)).json();
const untilRedis = (answers: boolean) =>
  expect.poll(ready, { timeout: 10_000 }).toMatchObject({ ready: true, detail: { redis: answers } });

describe('a limit of calls', () => {
  it('is counted on Redis, and of many at once no more than it says are sent', async () => {
    await limit({ calls: { max: 3, seconds: 600 } });
    const engineer = await client();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => call(engineer, {}, n + 1)));
    expect(answers.filter(isRight)).toHaveLength(3);
    expect(answers.find((each) => !isRight(each)).error.message).toMatch(
      /At most 3 calls.*Try again in \d+ s/,
    );
    const counters = "return #redis.call('keys', 'sallyport:*:c:the-limit:*')";
    expect(await redis.command('EVAL', counters, '0')).toBe(':1');
  });

  it('refuses while Redis is gone or answers nothing, says why, leaves other calls alone, and works again by itself', async () => {
    await limit({ calls: { max: 100, seconds: 600 }, tools: ['echo'] });
    const engineer = await client();
    expect(isRight(await call(engineer))).toBe(true);
    await redis.kill();
    const refused = await call(engineer);
    expect(refused.error.message).toMatch(/because Redis does not answer, so it was not sent/);
    expect(refused.error.data.outcome).toBe('not_sent');
    expect(isRight(JSON.parse((await engineer.call('slow', { ms: 1 })).text))).toBe(true);
    await untilRedis(false);
    const doctor = await runProgram(['doctor'], {
      env: { SALLYPORT_URL: sallyport.url, SALLYPORT_TOKEN: sallyport.adminToken },
    });
    expect(doctor.stdout).toMatch(/PROBLEM +gateway: Redis does not answer/);
    await redis.start();
    await untilRedis(true);
    expect(isRight(await call(engineer))).toBe(true);
    redis.freeze();
    const began = performance.now();
    expect((await call(engineer)).error.message).toMatch(/Redis does not answer/);
    expect(performance.now() - began).toBeLessThan(5_000);
    redis.thaw();
    await untilRedis(true);
    await expect.poll(async () => isRight(await call(engineer)), { timeout: 10_000 }).toBe(true);
  });

  it('holds the gateway back neither from starting nor from serving what is not counted', async () => {
    await redis.kill();
    await sallyport.restartGateway();
    await untilRedis(false);
    await redis.start();
    await untilRedis(true);
  });
});

describe('a budget', () => {
  it('is not lost by a Redis that forgets everything', async () => {
    await limit({ budget: { argument: 'amount', max: 100, seconds: 600, scale: 0 } });
    const engineer = await client();
    expect(isRight(await call(engineer, { amount: 70 }))).toBe(true);
    await redis.kill();
    await redis.start();
    await untilRedis(true);
    expect((await call(engineer, { amount: 31 })).error.message).toMatch(/At most 100 of "amount"/);
    expect(isRight(await call(engineer, { amount: 30 }))).toBe(true);
  });
});
