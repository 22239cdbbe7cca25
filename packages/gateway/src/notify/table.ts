/** What can run a statement: the pool, or a connection within a transaction. */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

export interface Row {
  readonly id: string;
  readonly notification: string;
  readonly approval: string;
  readonly event: string;
  readonly attempts: number;
}

export async function insertNotifications(
  db: Queryable,
  names: readonly string[],
  approval: string,
  event: string,
  atMs: number,
): Promise<void> {
  if (names.length === 0) return;
  await db.query(
    `INSERT INTO notifications (notification, approval, event, next_at)
     SELECT name, $2, $3, $4 FROM unnest($1::text[]) AS name`,
    [names, approval, event, new Date(atMs)],
  );
}

/**
 * Takes what is due for a while, of one approval or of all: of two replicas one gets a row, and a crash gives it back.
 * A receiver is told of one approval in order, so what is under way or waits for another attempt holds back what follows.
 */
export async function claimDue(
  db: Queryable,
  { nowMs, claimMs, limit, approval }: { nowMs: number; claimMs: number; limit: number; approval?: string },
): Promise<Row[]> {
  const { rows } = await db.query(
    `UPDATE notifications SET attempts = attempts + 1, next_at = $2 WHERE id IN (
       SELECT id FROM notifications n WHERE state = 'waiting' AND next_at <= $1 AND ($4::text IS NULL OR approval = $4)
         AND NOT EXISTS (SELECT FROM notifications b WHERE b.approval = n.approval AND b.notification = n.notification
           AND b.id < n.id AND b.state = 'waiting' AND b.next_at > $1)
       ORDER BY id FOR UPDATE SKIP LOCKED LIMIT $3)
     RETURNING id::text, notification, approval, event, attempts`,
    [new Date(nowMs), new Date(nowMs + claimMs), limit, approval ?? null],
  );
  // Cast: the statement returns these. In order: what ends an approval is told after what began it.
  return (rows as Row[]).sort((a, b) => Number(a.id) - Number(b.id));
}

/** When something of this approval is next to be sent; undefined where all was. */
export async function loadNextMs(db: Queryable, approval: string): Promise<number | undefined> {
  const { rows } = await db.query(
    `SELECT min(next_at) AS next FROM notifications WHERE approval = $1 AND state = 'waiting'`,
    [approval],
  );
  return (rows[0] as { next: Date | null } | undefined)?.next?.getTime(); // cast: the statement selects it so
}

export async function markSent(
  db: Queryable,
  id: string,
  atMs: number,
  reference: string | undefined,
): Promise<void> {
  await db.query(
    `UPDATE notifications SET state = 'sent', sent_at = $2, problem = NULL, reference = $3 WHERE id = $1`,
    [id, new Date(atMs), reference ?? null],
  );
}

export async function markFailed(
  db: Queryable,
  id: string,
  { problem, nextMs }: { problem: string; nextMs: number | undefined },
): Promise<void> {
  await db.query(
    `UPDATE notifications SET problem = $2, next_at = coalesce($3, next_at),
       state = CASE WHEN $3::timestamptz IS NULL THEN 'given_up' ELSE state END WHERE id = $1`,
    [id, problem.slice(0, 500), nextMs === undefined ? null : new Date(nextMs)],
  );
}

/** What the message about this approval is called at the other side, where it was sent before. */
export async function loadReference(
  db: Queryable,
  approval: string,
  notification: string,
): Promise<string | undefined> {
  const { rows } = await db.query(
    `SELECT reference FROM notifications WHERE approval = $1 AND notification = $2 AND reference IS NOT NULL
     ORDER BY id DESC LIMIT 1`,
    [approval, notification],
  );
  return (rows[0] as { reference: string } | undefined)?.reference; // cast: the statement selects it under this name
}
