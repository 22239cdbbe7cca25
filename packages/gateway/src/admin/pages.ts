import { AdminError } from './problems.ts';

export interface Page<T> {
  items: T[];
  next?: string;
}

/** A page from one item more than asked for: that there is one more says that there is a next page. */
export function pageFrom<T>(itemsAndOne: readonly T[], limit: number, keyOf: (item: T) => string): Page<T> {
  const items = itemsAndOne.slice(0, limit);
  const last = items.at(-1);
  return itemsAndOne.length > limit && last !== undefined ? { items, next: keyOf(last) } : { items };
}

/** A page of a list that is in memory, in order of its keys. What is added meanwhile moves no page. */
export function pageInMemory<T>(
  all: readonly T[],
  query: { after?: string; limit: number },
  keyOf: (item: T) => string,
): Page<T> {
  const { after, limit } = query;
  const keyed = all.map((item) => ({ item, key: keyOf(item) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  const behind = keyed.filter(({ key }) => after === undefined || key > after).map(({ item }) => item);
  return pageFrom(behind.slice(0, limit + 1), limit, keyOf);
}

/** A cursor that is a number. */
export function readSeq(after: string | undefined): number | undefined {
  if (after === undefined) return undefined;
  const seq = Number(after);
  if (/^\d+$/.test(after) && Number.isSafeInteger(seq)) return seq;
  throw new AdminError(
    'invalid_request',
    '"after" in the query must be a number, the `next` of another page.',
    {
      field: 'after',
    },
  );
}

/** A cursor of an instant and an id, as in a list that is newest first. */
export function readPosition(after: string | undefined): { at: string; id: string } | undefined {
  if (after === undefined) return undefined;
  const [at = '', id = ''] = after.split(' ');
  if (!Number.isNaN(Date.parse(at)) && id !== '') return { at, id };
  throw new AdminError('invalid_request', '"after" in the query must be the `next` of another page.', {
    field: 'after',
  });
}
