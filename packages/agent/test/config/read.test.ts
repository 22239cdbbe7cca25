import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../src/config/index.ts';

const GATEWAY = 'gateway: localhost:7401\n';

function problems(text: string): string[] {
  try {
    parseConfig(text, '/etc/sallyport/agent.yaml');
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message.split('\n');
    throw thrown;
  }
  return [];
}

describe('agent.yaml', () => {
  it('is read as documented', () => {
    const config = parseConfig(
      `gateway: [gw1.bank:7401, "[::1]:7402"]
servers:
  everything: { transport: stdio, command: [node, path/to/server.js, 5], env: { KEY: value, SECRET: { credential: "env:X" } }, cwd: dir }
  ledger: { transport: http, url: "http://127.0.0.1:3101/mcp", headers: { Authorization: { credential: "env:LEDGER_TOKEN", format: "Bearer {}" }, X-Team: core } }
  old: { transport: sse, url: "http://127.0.0.1:3102/sse", limits: { sessions: 2 } }
allow: ["http://127.0.0.1:*"]
limits: { sessions: 50 }
`,
      '/etc/sallyport/agent.yaml',
    );
    expect(config.gateways).toEqual([
      { host: 'gw1.bank', port: 7401 },
      { host: '::1', port: 7402 },
    ]);
    expect(config.sessionsMax).toBe(50);
    expect(config.allow).toEqual(['http://127.0.0.1:*']);
    expect(Object.fromEntries(config.servers)).toEqual({
      everything: {
        name: 'everything',
        transport: 'stdio',
        command: ['node', 'path/to/server.js', '5'],
        env: {
          KEY: { kind: 'literal', text: 'value' },
          SECRET: { kind: 'credential', reference: 'env:X', format: '{}' },
        },
        cwd: '/etc/sallyport/dir',
        limits: { sessions: 1000 },
      },
      ledger: {
        name: 'ledger',
        transport: 'http',
        url: 'http://127.0.0.1:3101/mcp',
        headers: {
          Authorization: { kind: 'credential', reference: 'env:LEDGER_TOKEN', format: 'Bearer {}' },
          'X-Team': { kind: 'literal', text: 'core' },
        },
        limits: { sessions: 1000 },
      },
      old: {
        name: 'old',
        transport: 'sse',
        url: 'http://127.0.0.1:3102/sse',
        headers: {},
        limits: { sessions: 2 },
      },
    });
  });

  const MISTAKES: readonly [name: string, text: string, words: readonly RegExp[]][] = [
    ['no gateway', 'servers: {}', [/: gateway: is missing; write host:port/]],
    ['a gateway without a port', 'gateway: localhost', [/: gateway: "localhost" is not host:port/]],
    ['a port that is none', 'gateway: ["a:1", "b:99999"]', [/: gateway\[1\]: "b:99999" is not host:port/]],
    ['an empty list', 'gateway: []', [/: gateway: must name at least one/]],
    [
      'an unknown key',
      `${GATEWAY}server: {}`,
      [/: server: is not a known key; known here: gateway, servers/],
    ],
    ['an empty file', '', [/must be a mapping, but is empty/]],
    ['broken YAML', 'gateway: [', [/agent\.yaml: line \d+: /]],
    ['a key written twice', `${GATEWAY}${GATEWAY}`, [/agent\.yaml: line 2: Map keys must be unique/]],
    ['a bad name', `${GATEWAY}servers: { Ledger: {} }`, [/: servers\.Ledger: a server is named with/]],
    [
      'an unknown transport',
      `${GATEWAY}servers: { a: { transport: ws } }`,
      [/: servers\.a\.transport: must be stdio, http or sse/],
    ],
    [
      'a command as text',
      `${GATEWAY}servers: { a: { transport: stdio, command: "node x" } }`,
      [/: servers\.a\.command: must be a list of texts, but is a string/],
    ],
    [
      'an empty command',
      `${GATEWAY}servers: { a: { transport: stdio, command: [] } }`,
      [/: servers\.a\.command: must name the program/],
    ],
    [
      'a URL at a stdio server',
      `${GATEWAY}servers: { a: { transport: stdio, command: [x], url: "http://x" } }`,
      [/: servers\.a\.url: is not a known key/],
    ],
    ['no URL', `${GATEWAY}servers: { a: { transport: http } }`, [/: servers\.a\.url: is missing/]],
    [
      'a URL of another scheme',
      `${GATEWAY}servers: { a: { transport: http, url: "file:///etc/passwd" } }`,
      [/: servers\.a\.url: must be a URL that begins with http/],
    ],
    [
      'a password in a URL',
      `${GATEWAY}servers: { a: { transport: http, url: "http://u:p@h/" } }`,
      [/: servers\.a\.url: must not hold a password/],
    ],
    [
      'a header of the protocol',
      `${GATEWAY}servers: { a: { transport: http, url: "http://h/", headers: { Mcp-Session-Id: x } } }`,
      [/headers\.Mcp-Session-Id: is set by the agent itself/],
    ],
    [
      'a header with a line break',
      `${GATEWAY}servers: { a: { transport: http, url: "http://h/", headers: { X: "a\\nb" } } }`,
      [/headers\.X: must be one line/],
    ],
    [
      'an unknown credential',
      `${GATEWAY}servers: { a: { transport: http, url: "http://h/", headers: { X: { credential: "vault:x" } } } }`,
      [/headers\.X\.credential: must be "env:NAME" or "file:/],
    ],
    [
      'a format without a place',
      `${GATEWAY}servers: { a: { transport: http, url: "http://h/", headers: { X: { credential: "env:X", format: "Bearer" } } } }`,
      [/headers\.X\.format: must be one line that holds \{\}/],
    ],
    [
      'a bad variable',
      `${GATEWAY}servers: { a: { transport: stdio, command: [x], env: { "A B": c } } }`,
      [/env\.A B: is not the name of an environment variable/],
    ],
    [
      'a limit that is none',
      `${GATEWAY}servers: { a: { transport: sse, url: "http://h/", limits: { sessions: 0 } } }`,
      [/limits\.sessions: must be a whole number from 1/],
    ],
    ['a bad pattern', `${GATEWAY}allow: ["127.0.0.1"]`, [/: allow\[0\]: must be a URL pattern/]],
  ];
  for (const [name, text, words] of MISTAKES) {
    it(`says what is wrong with ${name}`, () => {
      const found = problems(text);
      expect(found.length).toBe(words.length);
      for (const [index, word] of words.entries()) {
        expect(found[index]).toMatch(word);
        expect(found[index]).toMatch(/^\/etc\/sallyport\/agent\.yaml: /);
      }
    });
  }

  it('tells all problems at once', () => {
    expect(problems('gateway: x\nservers: { A: {}, b: { transport: stdio } }\nmore: 1').length).toBe(4);
  });
});
