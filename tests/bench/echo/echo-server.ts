import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** The server of the benchmark: one tool that answers with the text it was given. */
export function createEchoServer(): McpServer {
  const server = new McpServer({ name: 'echo', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'Answers with the text it was given', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  return server;
}
