import type { AgentConfig } from './config/index.ts';
import { LISTS_AT_ONCE, LISTS_WAITING_MAX } from './limits.ts';
import type { AgentMasking } from './masking/index.ts';
import { type Era, listTools } from './probe/index.ts';
import type { ServerRooms } from './server-rooms.ts';
import { openDialogue } from './servers/index.ts';
import type { Logger } from './telemetry/index.ts';

export interface ToolListsParts {
  readonly rooms: Pick<ServerRooms, 'probing'>;
  readonly masking: Pick<AgentMasking, 'ready' | 'list'>;
  readonly config: () => AgentConfig;
  readonly erasOf: (server: string) => readonly Era[];
  readonly agentVersion: string;
  readonly log: Logger;
}

/** What the gateway asks for (tunnel.proto, ListTools). */
interface Request {
  readonly server: string;
  readonly document: string;
  readonly rulesVersion: number;
}

/** Answers what tools a server defines: LISTS_AT_ONCE at a time, each over a connection of its own. */
export class ToolLists {
  readonly #parts: ToolListsParts;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #stopped = false;

  constructor(parts: ToolListsParts) {
    this.#parts = parts;
  }

  /** The definitions as a JSON array, masked. @throws Error in words where there is no list */
  async list(request: Request): Promise<Buffer> {
    await this.#turn();
    try {
      return await this.#list(request);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= LISTS_WAITING_MAX)
      throw new Error('the agent has too many questions for tools');
    if (this.#running >= LISTS_AT_ONCE) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#running += 1;
  }

  async #list({ server, document, rulesVersion }: Request): Promise<Buffer> {
    const { rooms, masking, config, erasOf, agentVersion, log } = this.#parts;
    if (this.#stopped) throw new Error('the agent stops');
    const definition = config().servers.get(server);
    if (definition === undefined) throw new Error(`agent.yaml has no server named ${server}`);
    const eras = erasOf(server);
    if (eras.length === 0) throw new Error('it does not answer yet');
    if (!(await masking.ready(rulesVersion))) throw new Error('the masking rules have not come yet');
    return await listTools({
      era: eras.includes('modern') ? 'modern' : 'legacy',
      agentVersion,
      open: (request) =>
        openDialogue(rooms.probing, { ...request, definition, log: log.child({ server, purpose: 'tools' }) }),
      mask: (answer) => masking.list(document, answer),
    });
  }
}
