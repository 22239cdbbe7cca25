import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

/** What arrived at a client unasked, in order. */
export interface Heard {
  readonly logs: unknown[];
  toolChanges: number;
}

const INFO = { name: 'sdk-client', version: '1' };
const CAPABILITIES = { sampling: {}, elicitation: {}, roots: { listChanged: true } };
const SAMPLED = {
  model: 'm',
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'a sampled word' },
};
const ELICITED = {
  action: 'accept' as const,
  content: { name: 'N', username: 'U', email: 'u@bank.example', ok: true, color: 'red' },
};
const ROOTS = { roots: [{ uri: 'file:///home/engineer' }] };

const withToken = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

/** The official legacy client, connected, with an answer to all that a server may ask. */
export async function connectLegacyClient(url: string, token: string) {
  const heard: Heard = { logs: [], toolChanges: 0 };
  const client = new LegacyClient(INFO, { capabilities: CAPABILITIES });
  client.setRequestHandler(CreateMessageRequestSchema, () => SAMPLED);
  client.setRequestHandler(ElicitRequestSchema, () => ELICITED);
  client.setRequestHandler(ListRootsRequestSchema, () => ROOTS);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    heard.logs.push(params.data);
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    heard.toolChanges += 1;
  });
  const transport = new LegacyTransport(new URL(url), withToken(token));
  // Cast: the SDK's own transport, whose optional members differ under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return { client, transport, heard };
}

/** The official client of both eras, connected, with an answer to all that a server may ask. */
export async function connectModernClient(
  url: string,
  token: string,
  mode: 'legacy' | 'auto' | { pin: string },
) {
  const heard: Heard = { logs: [], toolChanges: 0 };
  const client = new ModernClient(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
  client.setRequestHandler('sampling/createMessage', () => SAMPLED);
  client.setRequestHandler('elicitation/create', () => ELICITED);
  client.setRequestHandler('roots/list', () => ROOTS);
  client.setNotificationHandler('notifications/message', ({ params }) => {
    heard.logs.push(params.data);
  });
  client.setNotificationHandler('notifications/tools/list_changed', () => {
    heard.toolChanges += 1;
  });
  const transport = new ModernTransport(new URL(url), withToken(token));
  await client.connect(transport);
  return { client, transport, heard };
}

/** The text of a tool's answer, whichever SDK gave it. */
export function textOf(result: { readonly [key: string]: unknown }): string {
  // Cast: the SDKs check content blocks; which kind each is, is looked at here.
  const content = (result.content ?? []) as { type: string; text?: string }[];
  return content.map((block) => block.text ?? '').join('');
}
