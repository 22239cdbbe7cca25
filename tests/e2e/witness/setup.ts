import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogger } from '../../../packages/agent/src/telemetry/index.ts';
import {
  openIndependentWitness,
  openWitness,
  serveWitness,
} from '../../../packages/agent/src/witness/index.ts';
import type { AskWitness } from '../../../packages/gateway/src/audit/index.ts';

const log = openLogger('error', 'test');
log.silent = true;

export function scratch(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-witness-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A real witness of its own, on loopback; it learns the log's key when it is known. */
export async function startWitness(stateDir: string, logs: readonly string[], port = 0) {
  const witness = await openIndependentWitness({ stateDir, name: 'witness.test', logs, log });
  const running = await serveWitness({ witness, host: '127.0.0.1', port, log });
  return { key: witness.keyText, ...running };
}

/** A real agent's witness, without its tunnel. */
export async function agentWitness(stateDir: string, logKeys: () => readonly string[], agentName = 'branch') {
  const witness = await openWitness({ stateDir, agentName, log });
  const ask: AskWitness = async (request) => {
    const { status, body, held = '' } = await witness.add(request, logKeys());
    return { status, body, held };
  };
  return { key: witness.keyText, ask };
}

/** Something at a witness's address that answers as the test likes. */
export async function startImpostor(answer: (body: string, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => answer(body, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a path
  return {
    port,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
