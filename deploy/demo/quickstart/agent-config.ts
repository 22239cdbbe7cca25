import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Document, type Node, parseDocument, visit } from 'yaml';
import { readIfPresent, writePrivately } from './files.ts';
import type { Notes } from './notes.ts';
import type { Settings } from './settings.ts';

/** The demo servers, as registered at the gateway and exposed by the agent. */
export const SERVERS = ['everything', 'filesystem', 'core-banking', 'core-banking-http'] as const;

export const BANK_MAIN = fileURLToPath(new URL('../core-banking/main.ts', import.meta.url));

const HEAD = ` What the quick start's agent may run and reach. Yours to edit: the agent takes a change up without a restart,
 and the next start keeps what you changed. The gateway can name a server of this file, never a command.`;

/** What we would write now: path in the file to value. */
function defaults(settings: Settings, bankPort: number): Map<string, unknown> {
  const node = process.execPath;
  const database = { credential: `file:${settings.paths.bankDatabaseFile}` };
  return new Map<string, unknown>([
    ['gateway', `localhost:${settings.tunnelPort}`],
    [
      'servers.everything',
      { transport: 'stdio', command: [node, programOf('server-everything', 'dist/index.js'), 'stdio'] },
    ],
    [
      'servers.filesystem',
      {
        transport: 'stdio',
        command: [node, programOf('server-filesystem', 'dist/index.js'), settings.paths.samples],
      },
    ],
    [
      'servers.core-banking',
      { transport: 'stdio', command: [node, BANK_MAIN], env: { CORE_BANKING_DATABASE_URL: database } },
    ],
    ['servers.core-banking-http', { transport: 'http', url: `http://127.0.0.1:${bankPort}/mcp` }],
  ]);
}

/**
 * Writes agent.yaml where there is none. Otherwise brings up to date what nobody but us has set (a program or port
 * that has moved); edits, additions and deletions of a person stay.
 *
 * @returns a note for people.
 */
export async function ensureAgentConfig(settings: Settings, bankPort: number, notes: Notes): Promise<string> {
  const { agentConfig } = settings.paths;
  const wanted = defaults(settings, bankPort);
  const text = await readIfPresent(agentConfig);
  if (text === undefined) {
    await writePrivately(agentConfig, render(wanted));
    remember(notes, wanted);
    return 'agent.yaml written';
  }
  const document = parseDocument(text);
  // A file that a person broke is theirs to mend; the agent says what is wrong with it.
  if (document.errors.length > 0) return 'agent.yaml has errors';
  let moved = 0;
  for (const [path, value] of wanted) {
    const last = notes.agentConfig[path];
    const keys = path.split('.');
    if (last === undefined || last === JSON.stringify(value)) continue;
    if (JSON.stringify(toPlain(document, keys)) !== last) continue;
    document.setIn(keys, inFlow(document, value));
    notes.agentConfig[path] = JSON.stringify(value);
    moved += 1;
  }
  if (moved > 0) await writePrivately(agentConfig, document.toString({ lineWidth: 0 }));
  return moved > 0 ? 'agent.yaml brought up to date' : 'agent.yaml kept';
}

function render(wanted: ReadonlyMap<string, unknown>): string {
  const document = new Document({});
  document.commentBefore = HEAD;
  for (const [path, value] of wanted) document.setIn(path.split('.'), inFlow(document, value));
  return document.toString({ lineWidth: 0 });
}

/** Lists on one line, as people write commands. */
function inFlow(document: Document, value: unknown): Node {
  const node = document.createNode(value);
  visit(node, {
    Seq: (_, sequence) => {
      sequence.flow = true;
    },
  });
  return node;
}

function toPlain(document: Document, keys: readonly string[]): unknown {
  let value: unknown = document.toJS();
  for (const key of keys)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value;
}

function remember(notes: Notes, wanted: ReadonlyMap<string, unknown>): void {
  for (const [path, value] of wanted) notes.agentConfig[path] = JSON.stringify(value);
}

/** A file inside an installed package, also where the package doesn't export it. */
function programOf(name: string, file: string): string {
  const resolver = createRequire(import.meta.url);
  for (const folder of resolver.resolve.paths('@modelcontextprotocol/x') ?? []) {
    const candidate = join(folder, '@modelcontextprotocol', name, file);
    try {
      return resolver.resolve(candidate);
    } catch {
      // Not in this folder; the next one up.
    }
  }
  return join(dirname(BANK_MAIN), '../node_modules/@modelcontextprotocol', name, file);
}
