import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CARRIERS, EVASIONS } from '../../packages/shared/test/masking/carriers.ts';
import { card, Dice, MAKERS } from '../../packages/shared/test/masking/generator.ts';
import { RawClient, type Sallyport, startSallyport } from '../framework/index.ts';
import { TunnelTap } from '../framework/tunnel-tap.ts';

const PROGRAM = fileURLToPath(new URL('../framework/servers/planted.ts', import.meta.url));
/** Arguments are what a client sends, and no server answers with them. */
const PLACES = Object.keys(CARRIERS).filter((carrier) => carrier !== 'arguments');

let http: ChildProcess;
let tap: TunnelTap;
let sallyport: Sallyport;
beforeAll(async () => {
  http = spawn(process.execPath, [PROGRAM, 'http'], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (http.stdout === null) throw new Error('the server has no output');
  const [line] = await once(http.stdout, 'data');
  tap = new TunnelTap();
  sallyport = await startSallyport({
    servers: {
      stdio: { transport: 'stdio', command: [process.execPath, PROGRAM, 'stdio'] },
      http: { transport: 'http', url: String(line).trim() },
    },
    documents: {
      stdio: { masking: { profiles: ['everything'] } },
      http: { masking: { profiles: ['everything'] } },
    },
    policies: {
      all: 'permit (principal in Sallyport::Group::"engineers", action, resource);',
    },
  });
});
afterAll(async () => {
  await sallyport?.stop();
  tap?.stop();
  http?.kill();
});

const settled = (text: string): string => Buffer.from(text).toString('base64');

async function plant(
  server: string,
  era: 'legacy' | 'modern',
  given: { carrier: string; label: string; key: string; text: string },
): Promise<string> {
  const client = new RawClient(sallyport.mcp(server), sallyport.token);
  // The text goes to the server packed twice, so that what comes back is what the server has unpacked itself.
  const args = { ...given, text: settled(given.text) };
  const params = { name: 'plant', arguments: args, _meta: { progressToken: 'p' } };
  if (era === 'modern') return (await client.modern('tools/call', params)).text;
  await client.initialize();
  return (await client.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }))).text;
}

/** The planted text and the packed forms of it that its carrier makes. */
function formsOf(carrier: string, label: string, text: string, key: string): string[] {
  const message = CARRIERS[carrier]?.(label, text, key) ?? '';
  const packed = message.match(/[A-Za-z0-9+/]{16,}={0,2}/g) ?? [];
  return [text, ...packed.filter((run) => Buffer.from(run, 'base64').toString('utf8').includes(text))];
}

async function database(): Promise<string> {
  const client = new Client({ connectionString: sallyport.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ all: string }>(
      `SELECT coalesce(string_agg(leaf, ' '), '') AS all FROM audit_entries
       UNION ALL SELECT coalesce(string_agg(encode(body, 'escape'), ' '), '') FROM audit_bodies`,
    );
    return rows.map((row) => row.all).join(' ');
  } finally {
    await client.end();
  }
}

describe.each([
  ['stdio', 'legacy'],
  ['stdio', 'modern'],
  ['http', 'legacy'],
  ['http', 'modern'],
] as const)('a server over %s, a %s client', (server, era) => {
  it('lets a planted card number out by no carrier: not through the tunnel, not to the client, not into the log', async () => {
    const dice = new Dice(server.length * 7 + era.length);
    const leaks: string[] = [];
    const forms: string[] = [];
    let shown = 0;
    for (const carrier of PLACES) {
      const text = card(dice);
      const own = formsOf(carrier, 'card number', text, 'cardNumber');
      forms.push(...own);
      tap.forget();
      const answer = await plant(server, era, { carrier, label: 'card number', key: 'cardNumber', text });
      if (answer.includes('[PAN]')) shown += 1;
      if (answer === '') leaks.push(`${carrier}: no answer`);
      const sent = tap.bytes();
      if (sent.length === 0) leaks.push(`${carrier}: nothing came through the tunnel`);
      for (const form of own) {
        if (sent.includes(form)) leaks.push(`${carrier}: through the tunnel`);
        if (answer.includes(form)) leaks.push(`${carrier}: to the client`);
      }
    }
    expect(leaks).toEqual([]);
    // The others are packed, or are no part of this client's answer.
    expect(shown).toBeGreaterThanOrEqual(20);
    const stored = await database();
    expect(forms.filter((form) => stored.includes(form))).toEqual([]);
  });
});

describe('over the tunnel', () => {
  it('no kind of value leaves in the carriers a server uses most, plain or formatted', async () => {
    const dice = new Dice(41);
    const leaks: string[] = [];
    for (const [kind, make] of Object.entries(MAKERS)) {
      for (const carrier of ['prose', 'jsonText', 'structured', 'errorData', 'progress', 'blob']) {
        const { value, label, key } = make(dice);
        tap.forget();
        const answer = await plant('stdio', 'modern', { carrier, label, key, text: value });
        for (const form of formsOf(carrier, label, value, key)) {
          if (tap.bytes().includes(form) || answer.includes(form)) leaks.push(`${kind} in ${carrier}`);
        }
      }
    }
    expect(leaks).toEqual([]);
  });

  it('no evasion leaves, and the gateway finds nothing that an agent let through', async () => {
    const dice = new Dice(43);
    const leaks: string[] = [];
    for (const [name, evade] of Object.entries(EVASIONS)) {
      const text = evade(card(dice).replace(/(.{4})(?=.)/g, '$1-'));
      for (const carrier of ['prose', 'structured', 'log']) {
        tap.forget();
        const answer = await plant('http', 'modern', {
          carrier,
          label: 'card number',
          key: 'cardNumber',
          text,
        });
        const written = JSON.stringify(text).slice(1, -1);
        for (const form of [text, written])
          if (tap.bytes().includes(form) || answer.includes(form)) leaks.push(`${name} in ${carrier}`);
      }
    }
    expect(leaks).toEqual([]);
    expect(await sallyport.entries('masking.missed')).toEqual([]);
  });

  it('what holds content that can not be read, or of a kind that is not known, is withheld', async () => {
    const client = new RawClient(sallyport.mcp('stdio'), sallyport.token);
    await client.initialize();
    const say = async (carrier: string) =>
      JSON.parse(
        (
          await client.call('plant', {
            carrier,
            label: 'x',
            key: 'x',
            text: settled('%PDF-1.7 \u0000\u0001 stream'),
          })
        ).text,
      );
    expect((await say('binaryBlob')).error.data).toMatchObject({
      reason: 'withheld',
      masking: 'undecodable_blob',
    });
    expect((await say('hologram')).error.data).toMatchObject({
      reason: 'withheld',
      masking: 'unknown_carrier',
    });
  });
});
