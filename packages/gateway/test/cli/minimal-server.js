// The smallest MCP server there is: it answers `initialize` of the legacy era and refuses everything else.
import { createInterface } from 'node:readline';

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer =
    method === 'initialize'
      ? {
          result: {
            protocolVersion: params.protocolVersion,
            capabilities: {},
            serverInfo: { name: 'minimal', version: '1.0.0' },
          },
        }
      : { error: { code: -32601, message: 'Method not found' } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
});
