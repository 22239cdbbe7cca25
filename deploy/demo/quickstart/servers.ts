import { setTimeout as sleep } from 'node:timers/promises';
import { SERVERS } from './agent-config.ts';
import type { GatewayApi } from './gateway-api.ts';
import { POLL_MS } from './limits.ts';

interface ServerAnswer {
  readonly name: string;
  readonly attached: boolean;
  readonly problem: string;
  readonly agents: readonly { readonly status?: { readonly probed: boolean } }[];
}

/**
 * Waits until the agent has said of each demo server what it speaks or what is wrong with it.
 *
 * @param limitMs after which the missing ones are reported as such.
 * @returns problems in words, empty when all is well.
 */
export async function untilProbed(
  api: GatewayApi,
  limitMs: number,
  stop: AbortSignal,
  show: (text: string) => void,
): Promise<string[]> {
  const startedMs = performance.now();
  for (;;) {
    const { items } = await api.get('/servers?limit=100');
    // The shape of ServerAnswer in the gateway's OpenAPI description.
    const servers = Array.isArray(items) ? (items as ServerAnswer[]) : [];
    const ours = SERVERS.map((name) => ({ name, answer: servers.find((server) => server.name === name) }));
    const waiting = ours.filter(({ answer }) => answer !== undefined && !isProbed(answer));
    show(waiting.map(({ name }) => name).join(', '));
    if (waiting.length === 0 || performance.now() - startedMs > limitMs) {
      // A server that a person has removed from the gateway is not missed.
      return ours.flatMap(({ name, answer }) =>
        answer === undefined || answer.problem === '' ? [] : [`${name}: ${answer.problem}`],
      );
    }
    await sleep(POLL_MS, undefined, { signal: stop });
  }
}

function isProbed(server: ServerAnswer): boolean {
  return (
    server.agents.some(({ status }) => status?.probed === true) || (server.attached && server.problem !== '')
  );
}
