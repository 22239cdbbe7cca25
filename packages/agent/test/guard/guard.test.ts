import { describe, expect, it } from 'vitest';
import { openSessionSlots, relayedHeaders, urlAllowed } from '../../src/guard/index.ts';

describe('the allow-list of URLs', () => {
  const CASES: readonly [pattern: string, url: string, allowed: boolean][] = [
    ['http://127.0.0.1:*', 'http://127.0.0.1:3101/mcp', true],
    ['http://127.0.0.1:*', 'http://127.0.0.1/mcp', true],
    ['http://127.0.0.1:*', 'https://127.0.0.1:3101/mcp', false],
    ['http://127.0.0.1:*', 'http://127.0.0.1.evil.example:80/', false],
    ['http://127.0.0.1:*', 'http://127.0.0.2:80/', false],
    ['http://127.0.0.1:*', 'http://user:pw@127.0.0.1:80/', false],
    ['http://127.0.0.1:*', 'http://0x7f000001:80/', true],
    ['http://127.0.0.1', 'http://127.0.0.1:80/', true],
    ['http://127.0.0.1', 'http://127.0.0.1:81/', false],
    ['https://*.bank/mcp/*', 'https://a.b.bank/mcp/ledger', true],
    ['https://*.bank/mcp/*', 'https://bank/mcp/ledger', false],
    ['https://*.bank/mcp/*', 'https://evilbank/mcp/ledger', false],
    ['https://*.bank/mcp/*', 'https://a.bank/mcp/../admin', false],
    ['https://*.bank/mcp/*', 'https://a.bank/mcp/%2e%2e/admin', false],
    ['https://a.bank/mcp', 'https://A.BANK/mcp', true],
    ['https://a.bank/mcp', 'https://a.bank/mcp2', false],
    ['http://[::1]:*', 'http://[::1]:9/', true],
    ['http://x', 'not a url', false],
  ];
  for (const [pattern, url, allowed] of CASES) {
    it(`${pattern} ${allowed ? 'allows' : 'does not allow'} ${url}`, () => {
      expect(urlAllowed(url, [pattern])).toBe(allowed);
    });
  }

  it('allows nothing when it is empty', () => {
    expect(urlAllowed('http://127.0.0.1/', [])).toBe(false);
  });
});

describe('headers that pass', () => {
  it('are those of the MCP transport and no others', () => {
    expect(
      relayedHeaders({
        'Mcp-Method': 'tools/call',
        'mcp-name': '=?base64?w6k=?=',
        'Mcp-Param-Region': 'eu',
        'MCP-Protocol-Version': '2026-07-28',
        Authorization: 'Bearer x',
        'Mcp-Session-Id': 'stolen',
        'mcp-param-x': 'a\r\nAuthorization: y',
        Cookie: 'a=b',
      }),
    ).toEqual({
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?w6k=?=',
      'mcp-param-region': 'eu',
      'mcp-protocol-version': '2026-07-28',
    });
  });
});

describe('places for sessions', () => {
  it('are counted for each server and in all', () => {
    const slots = openSessionSlots();
    expect(slots.take('a', 2, 3)).toBeUndefined();
    expect(slots.take('a', 2, 3)).toBeUndefined();
    expect(slots.take('a', 2, 3)).toMatch(/a already has 2 sessions/);
    expect(slots.take('b', 2, 3)).toBeUndefined();
    expect(slots.take('b', 2, 3)).toMatch(/the agent already has 3 sessions/);
    slots.give('a');
    expect(slots.take('b', 2, 3)).toBeUndefined();
    slots.give('unknown');
    expect(slots.taken).toBe(3);
  });
});
