import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLogger, transports } from 'winston';
import { AgentMasking, type Released } from '../../src/masking/index.ts';
import { TestAuthority } from '../gateway-side/authority.ts';
import { TestRules } from '../gateway-side/rules.ts';

const log = createLogger({ silent: true, transports: [new transports.Console({ silent: true })] });
const KEY = 'tokens.key';
const MAP = 'tokens.map';
const IBAN = 'GB82WEST12345698765432';
let authority: TestAuthority;
beforeAll(async () => {
  authority = await TestAuthority.create();
});
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sallyport-masking-'));
  closing.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function open(stateDir: string): AgentMasking {
  const masking = new AgentMasking({
    stateDir,
    agent: 'tester',
    authorityPem: () => authority.pem,
    clock: systemClock,
    log,
    analyse: () => Promise.reject(new Error('there is no analyser')),
    knowsAnalyser: () => false,
  });
  closing.push(() => masking.close());
  return masking;
}

/** Hands rules over as the tunnel does. */
function give(masking: AgentMasking, rules: TestRules, change: (part: Part) => Part = (part) => part) {
  // Cast: the test's own rules are whole.
  return masking.taker()(change(rules.control().maskingRules as Part));
}
type Part = Parameters<ReturnType<AgentMasking['taker']>>[0];

const scope = { server: 'bank', tool: 'lookup', groups: ['engineers'], rulesVersion: 1 };
const call = (args: object, tool = 'lookup') =>
  Buffer.from(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } }),
  );
const answer = (text: string) =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } }));

function exchange(masking: AgentMasking, text: string): Released {
  const session = masking.session({
    server: 'bank',
    release: () => undefined,
    answerServer: () => undefined,
  });
  session.toServer({ exchange: 1, payload: call({}), headers: {}, scope });
  const [released] = session.fromServer(1, answer(text));
  if (released === undefined) throw new Error('nothing was released');
  return released;
}

function tokenRules(): TestRules {
  const rules = new TestRules();
  rules.content = {
    servers: { bank: { profiles: ['PCI'], restore: { tools: ['pay'], groups: [], entities: [] } } },
    names: { bank: 'bank' },
    rules: [
      {
        name: 'accounts',
        spec: {
          match: { detectors: ['iban'] },
          action: 'token',
          scope: { servers: [], tools: [], groups: [], exceptGroups: [], direction: 'to-client' },
          enabled: true,
        },
      },
    ],
  };
  return rules;
}

const tokenIn = ({ payload }: Released) => /\[IBAN:t:[A-Za-z]+\]/.exec(payload.toString())?.[0] ?? 'none';

function pay(masking: AgentMasking, account: string, tool = 'pay') {
  const session = masking.session({
    server: 'bank',
    release: () => undefined,
    answerServer: () => undefined,
  });
  return session.toServer({
    exchange: 2,
    payload: call({ account }, tool),
    headers: {},
    scope: { ...scope, tool },
  });
}

describe('an agent without the rules in force', () => {
  it('releases nothing', () => {
    const released = exchange(open(folder()), 'all is well');
    expect(released).toMatchObject({ withheld: 'detector_failed', rulesVersion: 0 });
    expect(released.payload.toString()).not.toContain('all is well');
  });

  it('takes none that are unsigned, another agent’s, older, or of another key; what was in force stays', () => {
    const stateDir = folder();
    const masking = open(stateDir);
    const rules = new TestRules();
    const bent = (part: Part) => ({ ...part, signature: Buffer.alloc(64) });
    expect(give(masking, rules, bent)).toMatchObject({ version: 0, problem: /signature/ });
    expect(
      give(masking, rules, () => ({ ...(rules.control(rules.document('other')).maskingRules as Part) })),
    ).toMatchObject({ version: 0, problem: /not of this agent/ });
    rules.version = 5;
    expect(give(masking, rules)).toEqual({ version: 5, problem: '' });
    rules.version = 4;
    expect(give(masking, rules)).toMatchObject({ version: 5, problem: /stays in force/ });
    const stranger = new TestRules();
    stranger.version = 9;
    expect(give(masking, stranger)).toMatchObject({ version: 5, problem: /another key/ });
    // Also over a restart: an older version can't be passed off as new.
    const again = open(stateDir);
    expect(again.version).toBe(5);
    expect(give(again, rules)).toMatchObject({ version: 5 });
  });

  it('does not start on rules that are damaged', () => {
    const stateDir = folder();
    give(open(stateDir), new TestRules());
    writeFileSync(join(stateDir, 'masking-rules.json'), '{"version":');
    expect(() => open(stateDir)).toThrow(/damaged; remove it/);
  });
});

describe('what can not be read', () => {
  it('is no message, so it does not leave', () => {
    const masking = open(folder());
    give(masking, new TestRules());
    const session = masking.session({
      server: 'bank',
      release: () => undefined,
      answerServer: () => undefined,
    });
    const [released] = session.fromServer(0, Buffer.from('{"card": 4111111111111111'));
    expect(released).toMatchObject({ withheld: 'malformed' });
    expect(released?.payload.length).toBe(0);
  });
});

describe('tokens', () => {
  it('are turned back where the rules let them, and nowhere else; unknown ones never pass', () => {
    const masking = open(folder());
    give(masking, tokenRules());
    const token = tokenIn(exchange(masking, `account ${IBAN}`));
    expect(token).toMatch(/^\[IBAN:t:/);
    expect(pay(masking, token)).toMatchObject({ payload: call({ account: IBAN }, 'pay') });
    expect(pay(masking, token, 'lookup')).toMatchObject({ error: 'token_not_allowed' });
    expect(pay(masking, '[IBAN:t:AbcdefghijkLmnop]')).toMatchObject({ error: 'token_unknown' });
  });

  it('are the same after a restart, also where a crash cut the last record', () => {
    const stateDir = folder();
    const first = open(stateDir);
    give(first, tokenRules());
    const token = tokenIn(exchange(first, `account ${IBAN}`));
    first.close();
    const path = join(stateDir, MAP);
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole, whole.subarray(0, 20)]));
    const second = open(stateDir);
    expect(pay(second, token)).toMatchObject({ payload: call({ account: IBAN }, 'pay') });
    expect(readFileSync(path)).toEqual(whole);
    expect(whole.includes(IBAN)).toBe(false);
  });

  it('whose map or key is lost are refused, never passed through', () => {
    for (const lost of ['map', 'key'] as const) {
      const stateDir = folder();
      const first = open(stateDir);
      give(first, tokenRules());
      const token = tokenIn(exchange(first, `account ${IBAN}`));
      first.close();
      rmSync(join(stateDir, lost === 'key' ? KEY : MAP));
      expect(pay(open(stateDir), token)).toMatchObject({ error: 'token_unknown' });
    }
  });

  it('that can not be kept are not shown', () => {
    const stateDir = folder();
    const masking = open(stateDir);
    give(masking, tokenRules());
    // A folder stands where the map is to be written: root's rights don't help against that.
    mkdirSync(join(stateDir, MAP));
    const released = exchange(masking, `account ${IBAN}`);
    expect(released).toMatchObject({ withheld: 'token_unknown' });
    expect(released.payload.toString()).not.toContain(':t:');
    expect(released.payload.toString()).not.toContain(IBAN);
  });
});
