import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

const PAN = '4111 1111 1111 1111';
let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
  const documents = [
    { kind: 'Group', name: 'engineers', spec: {} },
    { kind: 'Server', name: 'ledger', spec: { agents: ['a'], masking: { profiles: ['PCI'] } } },
    {
      kind: 'MaskingRule',
      name: 'customers',
      spec: {
        match: { pattern: 'CUST-[0-9]{4}' },
        entity: 'CUSTOMER',
        action: 'redact',
        scope: { tools: ['find'], groups: ['engineers'] },
      },
    },
  ];
  const applied = await api.call('POST', '/api/v1/apply', { as: 'administrator', json: { documents } });
  expect(applied.status, applied.text).toBe(200);
});
afterAll(() => api?.stop());

const tried = (json: object) => api.call('POST', '/api/v1/masking/test', { as: 'policy-author', json });

describe('masking is tried', () => {
  test('with profiles, on text and on a whole message; nothing of it is kept', async () => {
    const { status, body } = await tried({ text: `card ${PAN}, mail jane@example.org` });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      masked: 'card [PAN], mail jane@example.org',
      findings: [{ rule: 'PCI', detector: 'pan', entity: 'PAN', carrier: 'text', count: 1 }],
    });
    const message = `{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no ${PAN}"}}`;
    expect((await tried({ message, profiles: ['everything'] })).body).toMatchObject({
      masked: '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no [PAN]"}}',
      findings: [{ carrier: 'error-message' }],
    });
    const log = JSON.stringify(await api.entries({ kind: 'config.change', limit: 100 }));
    expect(log).not.toContain('1111');
  });

  test('with rules that are not in force yet, whatever scope they will have', async () => {
    const rule = {
      name: 'orders',
      spec: {
        match: { pattern: 'ORD-[0-9]+' },
        entity: 'ORDER',
        action: 'partial',
        keep: 'last4',
        enabled: false,
        scope: { direction: 'to-server' },
      },
    };
    expect((await tried({ text: 'see ORD-123456', rules: [rule], profiles: [] })).body).toMatchObject({
      masked: 'see [ORDER:******3456]',
      findings: [{ rule: 'orders', entity: 'ORDER' }],
    });
  });

  test('with the rules in force for a server, a tool and a group', async () => {
    const text = `CUST-1234 paid with ${PAN}`;
    const masked = async (more: object) => (await tried({ text, server: 'ledger', ...more })).body.masked;
    expect(await masked({})).toBe('[CUSTOMER] paid with [PAN]');
    expect(await masked({ tool: 'find', groups: ['engineers'] })).toBe('[CUSTOMER] paid with [PAN]');
    expect(await masked({ tool: 'other' })).toBe('CUST-1234 paid with [PAN]');
    expect(await masked({ tool: 'find', groups: [] })).toBe('CUST-1234 paid with [PAN]');
    expect(await masked({ direction: 'to-server', tool: 'find' })).toBe(text);
  });

  test('and what would be withheld is said so', async () => {
    expect((await tried({ message: '{' })).body).toMatchObject({
      masked: '',
      findings: [],
      refused: { reason: 'malformed' },
    });
  });

  test.each([
    [{}, 'text'],
    [{ text: 'a', message: '{}' }, 'text'],
    [{ text: 'a', server: 'nowhere' }, 'server'],
    [{ text: 'a', server: 'ledger', profiles: ['PCI'] }, 'server'],
    [
      { text: 'a', rules: [{ name: 'x', spec: { match: { pattern: '(' }, entity: 'X', action: 'redact' } }] },
      'rules[0].match.pattern',
    ],
    [
      { text: 'a', rules: [{ name: 'x', spec: { match: { pattern: 'a' }, entity: 'X', action: 'rot13' } }] },
      'rules[0].action',
    ],
  ])('and what is asked wrongly is refused with its field: %j', async (json, field) => {
    const { status, body } = await tried(json);
    expect(status, JSON.stringify(body)).toBe(400);
    expect(body.field).toBe(field);
  });

  test('a recorded hash can not be guessed at: each trial has a key of its own', async () => {
    const rules = [
      { name: 'h', spec: { match: { pattern: 'CUST-[0-9]{4}' }, entity: 'CUSTOMER', action: 'hash' } },
    ];
    const once = (await tried({ text: 'CUST-1234', rules })).body.masked;
    expect(once).toMatch(/^\[CUSTOMER:h:/);
    expect((await tried({ text: 'CUST-1234', rules })).body.masked).not.toBe(once);
  });
});

describe('statistics', () => {
  test('are by rule, server, entity and place; days that are none are refused', async () => {
    const asked = (query = '') => api.call('GET', `/api/v1/masking/statistics${query}`, { as: 'auditor' });
    const { status, body } = await asked();
    expect(status).toBe(200);
    expect(body).toMatchObject({ items: [] });
    expect(Date.parse(body.until) - Date.parse(body.from)).toBe(29 * 86_400_000);
    expect((await asked('?from=2026-02-30')).status).toBe(400);
    expect((await asked('?from=yesterday')).status).toBe(400);
  });
});
