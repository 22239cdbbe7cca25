import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PresidioServer } from '../../packages/agent/test/analysers/presidio-server.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let presidio: PresidioServer;
let folder: string;
let sallyport: Sallyport;
beforeAll(async () => {
  presidio = await PresidioServer.start();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-plugin-'));
  const module = join(folder, 'plugin.mjs');
  writeFileSync(
    module,
    `export const analyse = (texts) => {
       if (texts.some((text) => text.includes('stumble'))) throw new Error('no model for this');
       return texts.map((text) => text.includes('hidden') ? [{ entity: 'PROJECT', start: 0, end: text.length, score: 1 }] : []);
     };`,
  );
  sallyport = await startSallyport({
    servers: { echo: echoServer(), other: echoServer() },
    agent: {
      analysers: {
        names: { type: 'presidio', url: presidio.url, timeoutMs: 1_000 },
        own: { type: 'plugin', module, timeoutMs: 5_000 },
      },
    },
  });
  const rule = (name: string, analyser: string, entities: string[]) => ({
    kind: 'MaskingRule',
    name,
    spec: { match: { analyser, entities }, action: 'redact', scope: { servers: ['echo'] } },
  });
  const { status, body } = await sallyport.api('POST', '/apply', {
    documents: [rule('people', 'names', ['PERSON']), rule('projects', 'own', ['PROJECT'])],
  });
  expect(status, JSON.stringify(body)).toBe(200);
});
afterAll(async () => {
  await sallyport?.stop();
  await presidio?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  presidio.behaviour = {};
});

async function begin(server = 'echo'): Promise<RawClient> {
  const client = new RawClient(sallyport.mcp(server), sallyport.token);
  await client.initialize();
  return client;
}

const argumentsOf = (text: string) => JSON.parse(text).result.echo.params.arguments;

describe('names and places', () => {
  it('are found by the operator’s analysers and do not leave the network; the record says by which', async () => {
    const client = await begin();
    const { text } = await client.call('echo', { who: 'John Smith', plan: 'hidden plan', city: 'London' });
    expect(argumentsOf(text)).toEqual({ who: '[PERSON]', plan: '[PROJECT]', city: 'London' });
    const outcome = (await sallyport.entries('call.outcome')).at(-1);
    expect(outcome?.fields).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ rule: 'people', detector: 'names', entity: 'PERSON', at: 'agent' }),
        expect.objectContaining({ rule: 'projects', detector: 'own', entity: 'PROJECT', at: 'agent' }),
      ]),
    });
    expect(outcome?.response).toMatchObject({ findings: { people: 1, projects: 1 } });
  });

  it('are not kept readable of a request either: no analyser is at the gateway, so only the sealed form is', async () => {
    const client = await begin();
    await client.call('echo', { who: 'Grace' });
    expect((await sallyport.entries('call.intent')).at(-1)?.request).toMatchObject({ omitted: 'unmaskable' });
    expect(JSON.stringify(await sallyport.entries())).not.toContain('Grace');
  });

  it('are looked for where the rule says, and nowhere else', async () => {
    const before = presidio.requests.length;
    const client = await begin('other');
    expect(argumentsOf((await client.call('echo', { who: 'John Smith' })).text)).toEqual({
      who: 'John Smith',
    });
    expect(presidio.requests.length).toBe(before);
  });

  it('are masked in what comes before an answer too, and everything keeps its order', async () => {
    const client = await begin();
    presidio.behaviour = { delayMs: 20 };
    const answer = await client.post(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'notify', arguments: { count: 5, text: 'Jane Doe' }, _meta: { progressToken: 'p' } },
      }),
    );
    expect(answer.text).not.toContain('Jane');
    const messages = answer.messages.map((message) => JSON.parse(message));
    expect(messages.flatMap(({ params }) => params?.progress ?? [])).toEqual([0, 1, 2, 3, 4]);
    expect(messages.at(-1).result.echo.params.arguments.text).toBe('[PERSON]');
  });
});

describe('an answer is withheld, and the record says so', () => {
  const withheld = async (args: object, behaviour: PresidioServer['behaviour'] = {}) => {
    const client = await begin();
    presidio.behaviour = behaviour;
    const { text } = await client.call('echo', args);
    expect(text).not.toContain('Jane');
    expect(JSON.parse(text).error).toMatchObject({
      data: { reason: 'withheld', outcome: 'withheld', masking: 'analyser_failed' },
    });
    const outcomes = await sallyport.entries('call.outcome');
    expect(outcomes.filter(({ session }) => session === client.sessionId).at(-1)).toMatchObject({
      outcome: { transport: 'withheld' },
      fields: { detail: expect.stringContaining('analyser_failed') },
    });
  };

  it('where the analyser fails', () => withheld({ who: 'Jane Doe' }, { status: 500 }));

  it('where it answers with what is not understood', () =>
    withheld({ who: 'Jane Doe', more: 'text' }, { body: '[[]]' }));

  it('where a plug-in throws', () => withheld({ who: 'stumble' }));

  it('where it is slow; another server’s calls do not wait for it', async () => {
    const other = await begin('other');
    const slow = withheld({ who: 'Jane Doe' }, { delayMs: 3_000 });
    let answered = 0;
    let over = false;
    slow.then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    while (!over) {
      await other.call('echo', { n: answered });
      if (!over) answered += 1;
    }
    await slow;
    expect(answered).toBeGreaterThan(5);
  });
});
