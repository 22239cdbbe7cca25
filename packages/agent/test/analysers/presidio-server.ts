import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a recogniser of this server knows: given names of anthroponymy's textbooks, and cities. */
const KNOWN: Readonly<Record<string, RegExp>> = {
  PERSON: /\b(?:Jane|John|Zoë|Ada|Grace) ?(?:Doe|Roe|Smith)?(?!\p{L})/gu,
  LOCATION: /(?<!\p{L})(?:London|Łódź|New York)(?!\p{L})/gu,
};

/** How the server behaves from the next request on. */
export interface Behaviour {
  status?: number;
  /** Answers with this instead. */
  body?: string;
  delayMs?: number;
  redirectTo?: string;
}

/** A server with the interface of presidio-analyzer: POST /analyze, offsets in code points, one text or a list. */
export class PresidioServer {
  readonly requests: { texts: string[]; entities: string[]; authorization: string | undefined }[] = [];
  behaviour: Behaviour = {};
  /** Requests being answered now, and the most there were. */
  inside = 0;
  most = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<PresidioServer> {
    const server = createServer();
    const made = new PresidioServer(server);
    server.on('request', (request, response) => void made.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get url(): string {
    // Cast: it listens on a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/analyze`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.inside += 1;
    this.most = Math.max(this.most, this.inside);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { text, entities, language } = JSON.parse(Buffer.concat(parts).toString('utf8'));
    const list: string[] = Array.isArray(text) ? text : [text];
    this.requests.push({ texts: list, entities, authorization: request.headers.authorization });
    const { status = 200, body, delayMs, redirectTo } = this.behaviour;
    if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
    this.inside -= 1;
    if (redirectTo !== undefined) {
      response.writeHead(307, { location: redirectTo }).end();
      return;
    }
    const found = list.map((each) => (language === 'en' ? recognise(each, entities) : []));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body ?? JSON.stringify(Array.isArray(text) ? found : found[0]));
  }
}

function recognise(text: string, entities: readonly string[]): object[] {
  return entities.flatMap((entity) =>
    [...text.matchAll(KNOWN[entity] ?? /(?!)/g)].map(({ 0: value, index }) => {
      const start = [...text.slice(0, index)].length;
      const end = start + [...value.trimEnd()].length;
      return { analysis_explanation: null, start, end, score: 0.85, entity_type: entity };
    }),
  );
}
