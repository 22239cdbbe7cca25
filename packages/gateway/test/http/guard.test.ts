import { describe, expect, it } from 'vitest';
import { createGuard, type GuardSettings } from '../../src/http/guard.ts';
import { exchange, serve } from './serve.ts';

/** Asks with exactly these header lines: no client of Node's would send some of them. */
async function verdictOf(settings: Partial<GuardSettings>, lines: readonly string[]): Promise<string> {
  const guard = createGuard({
    publicUrl: 'http://127.0.0.1:7400',
    allowedHosts: [],
    allowedOrigins: [],
    ...settings,
  });
  const { port } = await serve((request, response) => {
    response.end(guard.refuse(request)?.replace(/ header.*/, '') ?? 'passes');
  });
  const text = await exchange(
    port,
    `GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`,
  );
  return /^HTTP\/1\.1 200/.test(text)
    ? (text.slice(text.lastIndexOf('\r\n0\r\n') - 40).match(/passes|The \w+/)?.[0] ?? text)
    : 'not HTTP';
}

describe('Host', () => {
  it.each(['127.0.0.1:7400', 'localhost:7400', 'LocalHost:7400', '[::1]:7400'])(
    'may be any loopback name on our port where the public URL is one: %s',
    async (host) => {
      expect(await verdictOf({}, [`Host: ${host}`])).toBe('passes');
    },
  );

  it.each([
    'evil.example:7400', // the rebound name itself
    'evil.example',
    '127.0.0.1.nip.io:7400',
    'localhost.evil.example:7400',
    'evil.example:7400.localhost',
    'localhost', // another port's page
    'localhost:80',
    'localhost:07400',
    'localhost.:7400',
    '127.1:7400', // other spellings of loopback that a resolver would take
    '2130706433:7400',
    '0x7f.0.0.1:7400',
    '0.0.0.0:7400',
    '127.0.0.2:7400',
    '[::ffff:127.0.0.1]:7400',
    '[0:0:0:0:0:0:0:1]:7400',
    '::1:7400',
    'user@localhost:7400',
    'localhost:7400@evil.example',
    'localhost:7400,evil.example',
    'localhost:7400/',
    'loc\u0430lhost:7400',
  ])('is refused as another: %s', async (host) => {
    expect(await verdictOf({}, [`Host: ${host}`])).toBe('The Host');
  });

  it('is refused where it is empty, and by HTTP itself where it is missing or comes twice', async () => {
    expect(await verdictOf({}, ['Host:'])).toBe('The Host');
    expect(await verdictOf({}, [])).toBe('not HTTP');
    expect(await verdictOf({}, ['Host: evil.example', 'Host: localhost:7400'])).not.toBe('passes');
  });

  it('is the public name alone where that is no loopback name', async () => {
    const settings = { publicUrl: 'https://mcp.bank.example' };
    expect(await verdictOf(settings, ['Host: mcp.bank.example'])).toBe('passes');
    expect(await verdictOf(settings, ['Host: MCP.BANK.EXAMPLE'])).toBe('passes');
    for (const host of ['localhost', '127.0.0.1', 'mcp.bank.example:8443', 'x.mcp.bank.example'])
      expect(await verdictOf(settings, [`Host: ${host}`])).toBe('The Host');
    expect(await verdictOf({ ...settings, allowedHosts: ['Inner:8443'] }, ['Host: inner:8443'])).toBe(
      'passes',
    );
  });
});

describe('Origin', () => {
  const host = 'Host: localhost:7400';

  it('may be absent, or a site of ours', async () => {
    expect(await verdictOf({}, [host])).toBe('passes');
    for (const origin of [
      'http://localhost:7400',
      'http://127.0.0.1:7400',
      'http://[::1]:7400',
      'HTTP://LOCALHOST:7400',
    ])
      expect(await verdictOf({}, [host, `Origin: ${origin}`])).toBe('passes');
    const settings = { allowedOrigins: ['https://console.bank.example'] };
    expect(await verdictOf(settings, [host, 'Origin: https://console.bank.example'])).toBe('passes');
  });

  it.each([
    'null', // sandboxed frames, file: pages
    'http://evil.example',
    'http://evil.example:7400',
    'https://localhost:7400',
    'http://localhost',
    'http://localhost:74000',
    'http://localhost:7400.evil.example',
    'http://localhost:7400@evil.example',
    'http://localhost:7400/',
    'http://localhost:7400, http://evil.example',
    'http://evil.example, http://localhost:7400',
    'file://',
    'chrome-extension://abcdef',
    'localhost:7400',
  ])('is refused as another: %s', async (origin) => {
    expect(await verdictOf({}, [host, `Origin: ${origin}`])).toBe('The Origin');
  });

  it('is refused where it is empty or comes twice', async () => {
    expect(await verdictOf({}, [host, 'Origin:'])).toBe('The Origin');
    const twice = ['Origin: http://evil.example', 'Origin: http://localhost:7400'];
    expect(await verdictOf({}, [host, ...twice])).toBe('The Origin');
  });
});
