/** The echo server over stdio: what every party but `direct` puts itself in front of. */
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createEchoServer } from './echo-server.ts';

await createEchoServer().connect(new StdioServerTransport());
