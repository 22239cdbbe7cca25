import type { QuickstartFile } from './quickstart-file.ts';
import type { Settings } from './settings.ts';

/** What people need to go on: addresses, lines to paste into their clients, and a first governed call. */
export function announcement(file: QuickstartFile, settings: Settings): string {
  const { engineer } = file.tokens;
  const name = 'everything';
  const url = file.mcp[name] ?? '';
  const headers = { Authorization: `Bearer ${engineer}` };
  const cursor = JSON.stringify({ mcpServers: { [name]: { url, headers } } });
  const code = JSON.stringify({ servers: { [name]: { type: 'http', url, headers } } });
  const endpoints = Object.entries(file.mcp).map(
    ([server, address]) => `    ${server.padEnd(18)} ${address}`,
  );
  return [
    '',
    `  Gateway and console  ${file.console}`,
    '  MCP endpoints',
    ...endpoints,
    '',
    '  Make a governed call at once (allowed, denied, and what the audit log says of it):',
    '    pnpm demo:call',
    '',
    '  Connect a client as "engineer"; the other servers go the same way:',
    `    Claude Code   claude mcp add --transport http ${name} ${url} --header "Authorization: Bearer ${engineer}"`,
    `    Cursor        ~/.cursor/mcp.json   ${cursor}`,
    `    VS Code       .vscode/mcp.json     ${code}`,
    `    Inspector     npx @modelcontextprotocol/inspector --cli ${url} --transport http --header "Authorization: Bearer ${engineer}" --method tools/list`,
    '',
    `  Tokens, addresses and process ids: ${settings.paths.quickstartFile}`,
    `  Servers of the agent:              ${settings.paths.agentConfig}`,
    `  Logs:                              ${settings.paths.logs}`,
    '',
    '  The audit log is countersigned by its agent alone, whom the same people run: a demonstration. A real one',
    '  has an independent witness as well (docs/AUDIT.md, Witnesses).',
    '',
    '  Ctrl-C stops everything; the data stays.',
    '',
  ].join('\n');
}
