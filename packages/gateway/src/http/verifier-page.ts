import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';

/**
 * Gives the verifier's page (docs/AUDIT.md) as a file to keep. It is not shown from here: it belongs on the machine of
 * whoever checks, and no script runs under the gateway's own address.
 *
 * @returns false where this gateway was not built with it.
 */
export async function sendVerifierPage(response: ServerResponse): Promise<boolean> {
  const page = await builtPage();
  if (page === undefined) return false;
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': page.length,
    'Content-Disposition': 'attachment; filename="verify.html"',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Referrer-Policy': 'no-referrer',
  });
  response.end(page);
  return true;
}

async function builtPage(): Promise<Buffer | undefined> {
  try {
    return await readFile(createRequire(import.meta.url).resolve('@sallyport/shared/verify.html'));
  } catch {
    // A workspace whose packages were not built: what is asked for is not there.
    return undefined;
  }
}
