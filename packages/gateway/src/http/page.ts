/** What the plain page at `/` tells, until the console takes its place. */
export interface PageFacts {
  readonly publicUrl: string;
  readonly version: string;
  readonly ready: boolean;
  readonly servers: readonly { readonly name: string; readonly title: string; readonly state: string }[];
}

/** A page without script, style of its own only, and nothing loaded from elsewhere. Says what runs and how to connect. */
export function renderPage(facts: PageFacts): string {
  const rows = facts.servers
    .map(
      (server) =>
        `<tr><td><code>${escapeHtml(server.name)}</code></td><td>${escapeHtml(server.title)}</td><td>${escapeHtml(server.state)}</td><td><code>${escapeHtml(`${facts.publicUrl}/mcp/${server.name}`)}</code></td></tr>`,
    )
    .join('\n');
  const example = facts.servers[0]?.name ?? 'everything';
  const url = escapeHtml(`${facts.publicUrl}/mcp/${example}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sallyport</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #16191d; background: #fff; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d3d8de; vertical-align: top; }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; }
pre { background: #f3f4f6; padding: .8rem; overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { color: #e7e9ec; background: #121518; } th, td { border-color: #333a42; } pre { background: #1b1f24; } a { color: #82bbf2; } }
</style>
</head>
<body>
<main>
<h1>Sallyport</h1>
<p>The access gateway for MCP servers. Version ${escapeHtml(facts.version)}, ${facts.ready ? 'ready' : 'not ready yet: see <a href="/readyz">/readyz</a>'}.</p>
<h2>Servers</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Servers">
<table>
<thead><tr><th scope="col">Server</th><th scope="col">Title</th><th scope="col">State</th><th scope="col">MCP endpoint</th></tr></thead>
<tbody>
${rows === '' ? '<tr><td colspan="4">No server is registered. Register one with <code>sallyport-gateway apply -f FILE</code>.</td></tr>' : rows}
</tbody>
</table>
</div>
<h2>Connect</h2>
<p>Every request needs a bearer token. An administrator makes one with <code>sallyport-gateway token create --name NAME --group GROUP --expires 30d</code>.</p>
<p>Claude Code:</p>
<pre>claude mcp add --transport http ${escapeHtml(example)} ${url} --header "Authorization: Bearer TOKEN"</pre>
<p>Cursor (<code>.cursor/mcp.json</code>):</p>
<pre>{ "mcpServers": { "${escapeHtml(example)}": { "url": "${url}", "headers": { "Authorization": "Bearer TOKEN" } } } }</pre>
<p>VS Code (<code>.vscode/mcp.json</code>):</p>
<pre>{ "servers": { "${escapeHtml(example)}": { "type": "http", "url": "${url}", "headers": { "Authorization": "Bearer TOKEN" } } } }</pre>
<h2>Administration</h2>
<p>The API is under <code>/api/v1</code>, described by <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>. Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>.</p>
<p>Exports of the audit log are checked with <code>sallyport-verify</code>, or in a browser with <a href="/verify.html">verify.html</a>, a file to keep. Whoever checks this gateway takes it from a release instead, or compares its SHA-256 with one.</p>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
