import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorAnswer, isBatch, RPC } from '@sallyport/shared/jsonrpc';
import { MESSAGE_TO_SERVER_MAX_BYTES } from '@sallyport/shared/limits';
import {
  type Incoming,
  REFUSAL,
  type Rooms,
  runBatch,
  runDelete,
  runListen,
  runMessage,
} from '../call/index.ts';
import { HttpAnswer } from './answer.ts';
import { readBody } from './body.ts';

const EMPTY = Buffer.alloc(0);

/**
 * The MCP endpoint of one server: HTTP into the corridor and back. Only what HTTP itself can say is checked here
 * (method, media types, size); everything about the message belongs to the corridor.
 */
export async function serveMcp(
  rooms: Rooms,
  serverName: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = new HttpAnswer(response, {
    mayStream: request.method !== 'DELETE' && accepts(request, 'text/event-stream'),
  });
  const refuse = (status: number, rpcCode: number, message: string, headers: Record<string, string> = {}) =>
    answer.final({ status, body: errorAnswer(undefined, rpcCode, message), headers });

  if (request.method === 'GET') {
    const incoming = incomingOf(serverName, request, EMPTY);
    if (incoming.authorization !== undefined && !accepts(request, 'text/event-stream')) {
      return refuse(406, REFUSAL.general, 'A GET opens an event stream: accept text/event-stream.');
    }
    return runListen(rooms, incoming, single(request, 'last-event-id') ?? '', answer);
  }
  if (request.method === 'DELETE') return runDelete(rooms, incomingOf(serverName, request, EMPTY), answer);
  if (request.method !== 'POST') {
    return refuse(405, REFUSAL.general, 'Use POST, GET or DELETE.', { Allow: 'POST, GET, DELETE' });
  }
  // A stranger is challenged before anything else, whatever it sends, and its body is not even read.
  if (request.headers.authorization === undefined) {
    request.resume();
    return runMessage(rooms, incomingOf(serverName, request, EMPTY), answer);
  }
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return refuse(415, RPC.invalidRequest, 'Send the message as application/json.');
  }
  if (!accepts(request, 'application/json') || !accepts(request, 'text/event-stream')) {
    return refuse(406, REFUSAL.general, 'Accept both application/json and text/event-stream.');
  }
  if (request.headers['content-encoding'] !== undefined) {
    return refuse(415, RPC.invalidRequest, 'Send the message uncompressed.');
  }
  const body = await readBody(request, MESSAGE_TO_SERVER_MAX_BYTES);
  if (body === undefined) {
    return refuse(413, RPC.invalidRequest, `A message has at most ${MESSAGE_TO_SERVER_MAX_BYTES} bytes.`, {
      Connection: 'close',
    });
  }
  const incoming = incomingOf(serverName, request, body);
  if (isBatch(body)) return runBatch(rooms, incoming, answer);
  return runMessage(rooms, incoming, answer);
}

function incomingOf(serverName: string, request: IncomingMessage, body: Buffer): Incoming {
  const paramHeaders: Record<string, string> = {};
  for (const name in request.headers) {
    if (name.startsWith('mcp-param-')) paramHeaders[name] = single(request, name) ?? '';
  }
  return {
    serverName,
    authorization: request.headers.authorization,
    sessionId: single(request, 'mcp-session-id'),
    versionHeader: single(request, 'mcp-protocol-version'),
    methodHeader: single(request, 'mcp-method'),
    nameHeader: single(request, 'mcp-name'),
    paramHeaders,
    body,
    ip: request.socket.remoteAddress ?? '',
    userAgent: request.headers['user-agent'],
  };
}

/** Node joins a header that came twice with a comma, which then matches nothing that one value could. */
function single(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function accepts(request: IncomingMessage, type: string): boolean {
  const accept = request.headers.accept;
  if (accept === undefined) return false;
  return accept
    .toLowerCase()
    .split(',')
    .some((part) => {
      const range = part.split(';', 1)[0]?.trim();
      return range === type || range === '*/*' || range === `${type.split('/', 1)[0]}/*`;
    });
}
