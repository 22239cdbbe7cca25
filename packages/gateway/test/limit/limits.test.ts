import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { numberLexeme } from '../../src/call/index.ts';
import { amountAt } from '../../src/limit/amount.ts';
import { type LimitQuestion, type LimitRule, type Limits, openLimits } from '../../src/limit/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(
  ...rules: Omit<LimitRule, 'name'>[]
): Promise<{ limits: Limits; other: Limits; store: Store }> {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  const make = (): Limits => {
    const limits = openLimits({ pool: store.pool, logger, numberLexeme });
    limits.use(rules.map((rule, n) => ({ name: `rule-${n}`, ...rule })));
    closing.push(() => limits.close());
    return limits;
  };
  return { limits: make(), other: make(), store };
}

function ask(more: { name?: string; groups?: string[]; tool?: string; args?: unknown } = {}): LimitQuestion {
  const { name = 'engineer', groups = ['engineers'], tool = 'transfer', args } = more;
  return {
    principal: { kind: 'service-account', name, groups },
    server: 'ledger',
    tool,
    arguments: () => args,
  };
}

describe('limits', () => {
  it('let as many calls through as they say, over all replicas, each principal by itself', async () => {
    const { limits, other } = await open({ per: ['principal'], calls: { max: 5, seconds: 600 } });
    const tries = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? limits : other).admit(ask())),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    await expect(limits.admit(ask())).rejects.toMatchObject({
      code: 'exceeded',
      limit: 'rule-0',
      message: /Try again in \d+ s/,
    });
    await expect(limits.admit(ask({ name: 'somebody-else' }))).resolves.toBeDefined();
  });

  it('apply to whom and what they name, and to nobody else', async () => {
    const { limits } = await open({
      groups: ['traders'],
      tools: ['transfer'],
      per: [],
      calls: { max: 1, seconds: 600 },
    });
    const trader = { groups: ['traders'] };
    await limits.admit(ask(trader));
    await expect(limits.admit(ask(trader))).rejects.toMatchObject({ code: 'exceeded' });
    await expect(limits.admit(ask({ ...trader, tool: 'balance' }))).resolves.toBeDefined();
    await expect(limits.admit(ask())).resolves.toBeDefined();
  });

  it('hold a budget of an amount: what does not fit is refused and does not use it up', async () => {
    const { limits } = await open({
      per: ['principal'],
      budget: { argument: 'amount', max: 10_000, seconds: 600, scale: 2 },
    });
    const pay = (amount: unknown) => limits.admit(ask({ args: { amount } }));
    await pay(60);
    await expect(pay(40.01)).rejects.toMatchObject({ code: 'exceeded', message: /At most 100 of "amount"/ });
    await pay('40.00');
    await expect(pay(0.01)).rejects.toMatchObject({ code: 'exceeded' });
    for (const amount of [undefined, -1, 0.001, '1e3', null, [1]])
      await expect(pay(amount)).rejects.toMatchObject({ code: 'amount' });
  });

  it('give back what was not sent, and all of it where one of several refuses', async () => {
    const { limits } = await open(
      { per: [], calls: { max: 2, seconds: 600 } },
      { per: [], concurrent: 1 },
      { per: [], budget: { argument: 'amount', max: 10, seconds: 600, scale: 0 } },
    );
    const first = await limits.admit(ask({ args: { amount: 10 } }));
    await expect(limits.admit(ask({ args: { amount: 1 } }))).rejects.toMatchObject({ message: /at once/ });
    first.release(false);
    first.release(false);
    await expect
      .poll(() =>
        limits.admit(ask({ args: { amount: 10 } })).then(
          (made) => made.release(true),
          () => 'refused',
        ),
      )
      .toBeUndefined();
    await expect(limits.admit(ask({ args: { amount: 1 } }))).rejects.toMatchObject({ limit: 'rule-2' });
  });

  it('refuse the call when it cannot be counted', async () => {
    const { limits, store } = await open({ per: [], calls: { max: 5, seconds: 600 } });
    await store.pool.end();
    await expect(limits.admit(ask())).rejects.toMatchObject({ code: 'unavailable', message: /not sent/ });
    limits.use([]);
    await expect(limits.admit(ask())).resolves.toBeDefined();
  });
});

describe('amountAt', () => {
  it('reads whole points or nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), fc.integer({ min: 0, max: 2 }), (points, scale) => {
        const text = (points / 10 ** scale).toFixed(scale);
        expect(amountAt({ a: { b: text } }, 'a.b', scale, numberLexeme)).toBe(points);
        expect(amountAt({ a: { b: `-${text}` } }, 'a.b', scale, numberLexeme)).toBeUndefined();
      }),
    );
    expect(amountAt({ a: '9007199254740993' }, 'a', 0, numberLexeme)).toBeUndefined();
    expect(amountAt({ a: { b: 1 } }, 'a.__proto__.b', 0, numberLexeme)).toBeUndefined();
  });
});
