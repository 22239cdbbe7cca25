import type { ToolDefinitions__Output } from '@sallyport/proto';
import type { AttachedTunnel } from './attached-tunnel.ts';
import { boundedText } from './inventory.ts';
import { TOOL_DEFINITIONS_MAX_BYTES } from './limits.ts';

/** What tools a server defines, or why that is not known now, in words. */
export type ToolList = { readonly definitions: Buffer } | { readonly problem: string };

/** Whose tools are asked for (tunnel.proto, ListTools). */
export interface ToolQuestion {
  readonly server: string;
  readonly document: string;
  readonly rulesVersion: number;
}

interface Waiting {
  readonly tunnel: AttachedTunnel;
  readonly parts: Buffer[];
  sizeBytes: number;
  answer(list: ToolList): void;
}

/** Agents that were asked what tools a server defines, until they answer or the time is over. */
export class ToolQuestions {
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  async ask(tunnel: AttachedTunnel, question: ToolQuestion, maxMs: number): Promise<ToolList> {
    this.#number += 1;
    const number = this.#number;
    const { promise, resolve } = Promise.withResolvers<ToolList>();
    const timer = setTimeout(() => resolve({ problem: 'the agent did not answer in time' }), maxMs);
    this.#waiting.set(number, { tunnel, parts: [], sizeBytes: 0, answer: resolve });
    tunnel.send({ listTools: { number, ...question } });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(number);
    }
  }

  /** Takes a part. Numbers never given, given to another agent, or answered already change nothing. */
  took(tunnel: AttachedTunnel, { number, payload, last, problem }: ToolDefinitions__Output): void {
    const waiting = this.#waiting.get(number);
    if (waiting?.tunnel.agent !== tunnel.agent) return;
    waiting.sizeBytes += payload.length;
    waiting.parts.push(payload);
    if (problem !== '') waiting.answer({ problem: boundedText(problem) });
    else if (waiting.sizeBytes > TOOL_DEFINITIONS_MAX_BYTES)
      waiting.answer({ problem: 'its definitions of tools are larger than the gateway takes' });
    else if (last) waiting.answer({ definitions: Buffer.concat(waiting.parts) });
  }
}
