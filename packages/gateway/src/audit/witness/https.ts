import { WITNESS_ANSWER_MAX_MS } from '../limits.ts';
import { type OutboundSettings, send } from '../outbound/send.ts';
import type { AskWitness } from './types.ts';

/** Reaches a witness over HTTPS (C2SP tlog-witness): POST <url>/add-checkpoint. */
export function askOverHttps(url: string, settings: OutboundSettings): AskWitness {
  return async (request) => {
    const { status, body } = await send(settings, {
      url: `${url}/add-checkpoint`,
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: Buffer.from(request, 'utf8'),
      maxMs: WITNESS_ANSWER_MAX_MS,
    });
    return { status, body: body.toString('utf8'), held: '' };
  };
}
