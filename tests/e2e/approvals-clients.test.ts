import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Approving, startApproving } from '../framework/approving.ts';
import { modernRequest, RawClient } from '../framework/index.ts';

let on: Approving;
beforeAll(async () => {
  on = await startApproving();
});
afterAll(() => on?.sallyport.stop());

const result = (text: string) => JSON.parse(text).result;
const error = (text: string) => JSON.parse(text).error;
const last = (messages: readonly string[]) => messages.at(-1) ?? '';

describe('a client that does not wait', () => {
  it('gets the number, sends the same call again, and that one is the approved one, once', async () => {
    await on.flow({ holdSeconds: 0 });
    const engineer = await on.client();
    const call = () => engineer.call('echo', { amount: 201, note: 'again' });
    const held = result(last((await call()).messages));
    expect(held).toMatchObject({ isError: true });
    const asked = await on.waiting();
    expect(held.content[0].text).toContain(asked.id);
    expect(result(last((await call()).messages)).content[0].text).toContain(asked.id);
    await on.decide('alice', 'approve', asked);
    const changed = result(last((await engineer.call('echo', { amount: 202, note: 'again' })).messages));
    expect(changed.isError).toBe(true);
    expect(result(last((await call()).messages)).isError).not.toBe(true);
    expect(result(last((await call()).messages))).toMatchObject({ isError: true });
    expect(await on.intents(asked.id)).toBe(1);
    await on.flow({});
  });

  it('is told once how it ended while it was away', async () => {
    await on.flow({ holdSeconds: 0 });
    const engineer = await on.client();
    const call = () => engineer.call('echo', { amount: 203 });
    await call();
    const asked = await on.waiting();
    await on.decide('bob', 'deny', asked);
    expect(error(last((await call()).messages)).message).toMatch(/denied by bob: Wrong account/);
    expect(result(last((await call()).messages)).content[0].text).not.toContain(asked.id);
    await on.flow({});
  });
});

describe('a modern client that can send its user to a URL', () => {
  const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } };
  const send = (token: string, params: object, id: number) => {
    const { body, headers } = modernRequest('tools/call', { name: 'echo', _meta: meta, ...params }, id);
    return new RawClient(on.sallyport.mcp('echo'), token).post(body, headers);
  };

  it('is given the URL and a state that comes back once, and that a changed call can not use', async () => {
    const token = await on.sallyport.newToken('nina', ['engineers']);
    const first = result((await send(token, { arguments: { amount: 301 } }, 1)).text);
    expect(first).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) });
    const { method, params } = first.inputRequests['sallyport-approval'];
    expect({ method, mode: params.mode }).toEqual({ method: 'elicitation/create', mode: 'url' });
    expect((await fetch(params.url)).status).toBe(200);
    const asked = await on.waiting('nina');
    const { requestState } = first;
    expect(requestState).not.toContain(asked.id);
    const inputResponses = { 'sallyport-approval': { action: 'accept' } };
    const back = { arguments: { amount: 301 }, requestState, inputResponses };
    const forged = `${requestState.slice(0, -4)}AAAA`;
    expect(error((await send(token, { ...back, requestState: forged }, 2)).text).code).toBe(-32602);
    await on.decide('alice', 'approve', asked);
    const done = result(last((await send(token, back, 3)).messages));
    expect(done.resultType).not.toBe('input_required');
    expect(JSON.stringify(done)).not.toContain('sallyport-approval');
    expect(error((await send(token, back, 4)).text)).toMatchObject({ code: -32602 });
    expect(await on.intents(asked.id)).toBe(1);

    const second = result((await send(token, { arguments: { amount: 302 } }, 5)).text);
    const old = await on.waiting('nina');
    const third = send(
      token,
      { arguments: { amount: 303 }, requestState: second.requestState, inputResponses },
      6,
    );
    await expect
      .poll(async () => (await on.as('alice', 'GET', `/approvals/${old.id}`)).body.state)
      .toBe('superseded');
    const fresh = await on.waiting('nina');
    await on.decide('alice', 'approve', fresh);
    expect(result(last((await third).messages)).resultType).toBe('complete');
    expect([await on.intents(old.id), await on.intents(fresh.id)]).toEqual([0, 1]);
  });
});
