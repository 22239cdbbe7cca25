import { type ApiClient, segment } from '../api-client.ts';
import type { ExportFolder } from './export-folder.ts';

/** Who countersigned, what, and what they refused: a line of JSON each. */
export async function writeWitnesses(client: ApiClient, id: string, folder: ExportFolder): Promise<void> {
  const path = `/audit/exports/${segment(id)}`;
  const { keys, conflicts } = await client.get<{ keys: object[]; conflicts: object[] }>(`${path}/witnesses`);
  await folder.write('witnesses/keys.ndjson', linesOf(keys));
  await folder.write('witnesses/conflicts.ndjson', linesOf(conflicts));
  const cosignatures = await folder.begin('witnesses/cosignatures.ndjson');
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: { items: object[]; next?: number } = await client.get(`${path}/cosignatures`, { from });
    await cosignatures.append(linesOf(page.items));
    from = page.next;
  }
  await cosignatures.end();
}

/** Masked bodies, or sealed originals, page by page; of bodies those that entries in the export name. */
export async function writeKept(
  client: ApiClient,
  id: string,
  folder: ExportFolder,
  what: 'bodies' | 'originals',
  named?: ReadonlySet<string>,
): Promise<void> {
  const file = await folder.begin(what === 'bodies' ? 'bodies/bodies.ndjson' : 'sealed/originals.ndjson');
  for (let after: string | number | undefined = ''; after !== undefined; ) {
    const page: { items: { digest?: string }[]; next?: string | number } = await client.get(
      `/audit/exports/${segment(id)}/${what}`,
      after === '' ? {} : { after },
    );
    // One body may be of many entries, of other parts of the log too.
    const mine = page.items.filter(({ digest }) => named === undefined || named.has(digest ?? ''));
    await file.append(linesOf(mine));
    after = page.next;
  }
  await file.end();
}

/** What was anchored and where, with the time stamps themselves. */
export async function writeAnchors(client: ApiClient, id: string, folder: ExportFolder): Promise<void> {
  const file = await folder.begin('anchors/anchors.ndjson');
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: { items: object[]; next?: string } = await client.get(
      `/audit/exports/${segment(id)}/anchors`,
      after === '' ? {} : { after },
    );
    await file.append(linesOf(page.items));
    after = page.next;
  }
  await file.end();
}

/** Agents' receipts of executed calls: the lines of their chains. */
export async function writeReceipts(client: ApiClient, id: string, folder: ExportFolder): Promise<void> {
  const file = await folder.begin('receipts/receipts.ndjson');
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: { items: string[]; next?: string } = await client.get(
      `/audit/exports/${segment(id)}/receipts`,
      after === '' ? {} : { after },
    );
    await file.append(page.items.map((line) => `${line}\n`).join(''));
    after = page.next;
  }
  await file.end();
}

function linesOf(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
