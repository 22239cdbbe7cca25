import type { Store } from '../../store/index.ts';
import { TEXT_WORDS_MAX } from '../limits.ts';
import { wordsOf } from './terms.ts';

/** Digests of an entry's bodies. */
function digestsOf(leafText: string): string[] {
  // Cast: the leaf is our own canonical JSON of an entry.
  const { request, response } = JSON.parse(leafText) as {
    request?: { digest?: string };
    response?: { digest?: string };
  };
  return [request?.digest, response?.digest].filter((digest) => digest !== undefined);
}

/** Words of the masked bodies of entries, by leaf, as far as the bodies are kept. */
export async function bodyWords(
  pool: Store['pool'],
  leaves: readonly string[],
): Promise<Map<string, ReadonlySet<string>>> {
  const byLeaf = new Map(leaves.map((leaf) => [leaf, digestsOf(leaf)]));
  const wanted = [...new Set([...byLeaf.values()].flat())];
  if (wanted.length === 0) return new Map(leaves.map((leaf) => [leaf, new Set<string>()]));
  const { rows } = await pool.query<{ digest: Buffer; body: Buffer }>(
    'SELECT digest, body FROM audit_bodies WHERE digest = ANY ($1)',
    [wanted.map((digest) => Buffer.from(digest, 'hex'))],
  );
  const words = new Map(
    rows.map(({ digest, body }) => [digest.toString('hex'), wordsOf(body.toString('utf8'), TEXT_WORDS_MAX)]),
  );
  return new Map(
    [...byLeaf].map(([leaf, digests]) => [
      leaf,
      new Set(digests.flatMap((digest) => [...(words.get(digest) ?? [])])),
    ]),
  );
}
