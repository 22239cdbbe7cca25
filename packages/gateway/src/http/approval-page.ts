/**
 * Where a client sends its user whose call is held. It says the same of every number: whether there is such an
 * approval, and what it asks, is told to nobody who has not said who they are.
 *
 * @param id of the approval's form, `apr_…`: nothing in it needs escaping
 */
export function renderApprovalPage(id: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Approval ${id} · Sallyport</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color: #16191d; background: #fff; }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; }
pre { background: #f3f4f6; padding: .8rem; overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { color: #e7e9ec; background: #121518; } pre { background: #1b1f24; } }
</style>
</head>
<body>
<main>
<h1>Approval <code>${id}</code></h1>
<p>A call is held until somebody else approves it. Nothing of it has been sent. You can go back to your client and let it go on: it waits, or asks again.</p>
<h2>You asked for it</h2>
<p>See how it stands, or take it back:</p>
<pre>sallyport-gateway approval show ${id} --watch
sallyport-gateway approval withdraw ${id}</pre>
<h2>You decide on it</h2>
<p>Look at exactly what would be sent, then decide:</p>
<pre>sallyport-gateway approval show ${id}
sallyport-gateway approval approve ${id}
sallyport-gateway approval deny ${id} --reason "…"</pre>
</main>
</body>
</html>
`;
}
