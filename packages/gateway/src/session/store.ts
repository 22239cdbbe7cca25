import type { Pool } from 'pg';
import type { Era, SessionIdentity } from './types.ts';

/** A session as it is kept over a restart. */
export interface StoredSession {
  readonly identity: SessionIdentity;
  readonly lastSeenAt: number;
  readonly protocolVersion: string | undefined;
  readonly endedAt: number | undefined;
  readonly endReason: string | undefined;
}

interface Row {
  id: string;
  era: Era;
  principal_kind: 'service-account' | 'user';
  principal: string;
  token_id: string;
  server: string;
  agent: string;
  agent_server: string;
  client: string;
  protocol_version: string | null;
  created_at: Date;
  last_seen_at: Date;
  expires_at: Date;
  idle_ms: number;
  ended_at: Date | null;
  end_reason: string | null;
}

const COLUMNS = `id, era, principal_kind, principal, token_id, server, agent, agent_server, client, protocol_version,
  created_at, last_seen_at, expires_at, idle_ms, ended_at, end_reason`;

/** The sessions table (migration 0005). The truth about which sessions exist; what runs is in memory. */
export class SessionStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async insert(identity: SessionIdentity, protocolVersion: string | undefined): Promise<void> {
    const created = new Date(identity.createdAt);
    await this.#pool.query({
      name: 'session-insert',
      text: `INSERT INTO sessions (${COLUMNS})
             VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$11,$12,$13,NULL,NULL)`,
      values: [
        identity.id,
        identity.era,
        identity.principalKind,
        identity.principal,
        identity.tokenId,
        identity.server,
        identity.agent,
        identity.agentServer,
        identity.client,
        protocolVersion ?? null,
        created,
        new Date(identity.expiresAt),
        identity.idleMs,
      ],
    });
  }

  async load(id: string): Promise<StoredSession | undefined> {
    const { rows } = await this.#pool.query<Row>(`SELECT ${COLUMNS} FROM sessions WHERE id = $1`, [id]);
    return rows[0] === undefined ? undefined : fromRow(rows[0]);
  }

  /** Sessions that have not ended, for an agent or for all. */
  async open(agent?: string): Promise<StoredSession[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM sessions WHERE ended_at IS NULL AND ($1::text IS NULL OR agent = $1)`,
      [agent ?? null],
    );
    return rows.map(fromRow);
  }

  /** Those that have not ended, newest first; continues after a session's creation time and id. */
  async list(after: string | undefined, limit: number): Promise<StoredSession[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM sessions
       WHERE ended_at IS NULL AND ($1::text IS NULL OR (created_at, id) < (SELECT created_at, id FROM sessions WHERE id = $1))
       ORDER BY created_at DESC, id DESC LIMIT $2`,
      [after ?? null, limit],
    );
    return rows.map(fromRow);
  }

  /** When each principal was last seen in a session, of any era. */
  async lastSeen(): Promise<Map<string, Date>> {
    const { rows } = await this.#pool.query<{ principal: string; seen: Date }>(
      'SELECT principal, max(last_seen_at) AS seen FROM sessions GROUP BY principal',
    );
    return new Map(rows.map(({ principal, seen }) => [principal, seen]));
  }

  async seen(id: string, lastSeenAt: number, protocolVersion: string | undefined): Promise<void> {
    await this.#pool.query(
      'UPDATE sessions SET last_seen_at = $2, protocol_version = COALESCE($3, protocol_version) WHERE id = $1',
      [id, new Date(lastSeenAt), protocolVersion ?? null],
    );
  }

  /** True where this call ended it; false where it had ended already. */
  async end(id: string, reason: string, at: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      'UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL',
      [id, new Date(at), reason.slice(0, 200)],
    );
    return rowCount === 1;
  }
}

function fromRow(row: Row): StoredSession {
  return {
    identity: {
      id: row.id,
      era: row.era,
      principalKind: row.principal_kind,
      principal: row.principal,
      tokenId: row.token_id,
      server: row.server,
      agent: row.agent,
      agentServer: row.agent_server,
      client: row.client,
      createdAt: row.created_at.getTime(),
      expiresAt: row.expires_at.getTime(),
      idleMs: row.idle_ms,
    },
    lastSeenAt: row.last_seen_at.getTime(),
    protocolVersion: row.protocol_version ?? undefined,
    endedAt: row.ended_at?.getTime(),
    endReason: row.end_reason ?? undefined,
  };
}
