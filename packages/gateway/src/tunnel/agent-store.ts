import type { Pool, PoolClient } from 'pg';
import type { AgentStore, StoredAgent, StoredCertificate, StoredToken } from './storage.ts';

/**
 * The tunnel's storage in Postgres (0003_tunnel.sql).
 *
 * Whatever changes an agent's certificates holds the lock of the agent's row, always taken first: enrolment, renewal
 * and revocation of one agent happen one after the other, so a renewal can never slip past a revocation.
 */
export function postgresAgentStore(pool: Pool): AgentStore {
  return {
    loadSealedKey: (name) => loadSealedKey(pool, name),
    saveSealedKey: async (name, sealed) => {
      await pool.query(
        'INSERT INTO sealed_keys (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
        [name, Buffer.from(sealed)],
      );
      const stored = await loadSealedKey(pool, name);
      if (stored === undefined) throw new Error(`the sealed key ${name} was not stored`);
      return stored;
    },
    saveEnrolmentToken: (token, createdBy, at) => saveEnrolmentToken(pool, token, createdBy, at),
    findEnrolmentToken: (id) => findEnrolmentToken(pool, id),
    enrol: (tokenId, certificate) => inTransaction(pool, (client) => enrol(client, tokenId, certificate)),
    renew: (previousSerial, certificate) =>
      inTransaction(pool, (client) => renew(client, previousSerial, certificate)),
    findCertificate: (serial) => findCertificate(pool, serial),
    revokedSerials: (at) => revokedSerials(pool, at),
    revokeAgent: (name, at) => inTransaction(pool, (client) => revokeAgent(client, name, at)),
    listAgents: () => listAgents(pool),
  };
}

async function loadSealedKey(pool: Pool, name: string): Promise<Uint8Array | undefined> {
  const { rows } = await pool.query<{ sealed: Buffer }>('SELECT sealed FROM sealed_keys WHERE name = $1', [
    name,
  ]);
  return rows[0]?.sealed;
}

async function saveEnrolmentToken(
  pool: Pool,
  token: StoredToken,
  createdBy: string,
  at: number,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(
      'INSERT INTO agents (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
      [token.agent, new Date(at)],
    );
    await client.query(
      `INSERT INTO enrolment_tokens (id, agent, secret_hash, created_at, created_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        token.id,
        token.agent,
        Buffer.from(token.secretHash),
        new Date(at),
        createdBy,
        new Date(token.expiresAt),
      ],
    );
  });
}

async function findEnrolmentToken(pool: Pool, id: string): Promise<StoredToken | undefined> {
  const { rows } = await pool.query<{ agent: string; secret_hash: Buffer; expires_at: Date; used: boolean }>(
    'SELECT agent, secret_hash, expires_at, used_at IS NOT NULL AS used FROM enrolment_tokens WHERE id = $1',
    [id],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    id,
    agent: row.agent,
    secretHash: row.secret_hash,
    expiresAt: row.expires_at.getTime(),
    used: row.used,
  };
}

async function enrol(
  client: PoolClient,
  tokenId: string,
  certificate: StoredCertificate,
): Promise<{ enrolled: boolean; replacedSerials: readonly string[] }> {
  const issuedAt = new Date(certificate.issuedAt);
  await client.query('SELECT 1 FROM agents WHERE name = $1 FOR UPDATE', [certificate.agent]);
  const taken = await client.query(
    'UPDATE enrolment_tokens SET used_at = $3 WHERE id = $1 AND agent = $2 AND used_at IS NULL AND expires_at > $3',
    [tokenId, certificate.agent, issuedAt],
  );
  if (taken.rowCount !== 1) return { enrolled: false, replacedSerials: [] };
  await client.query('UPDATE agents SET revoked_at = NULL WHERE name = $1', [certificate.agent]);
  const replaced = await client.query<{ serial: string }>(
    'UPDATE agent_certificates SET revoked_at = $2 WHERE agent = $1 AND revoked_at IS NULL AND expires_at > $2 RETURNING serial',
    [certificate.agent, issuedAt],
  );
  await insertCertificate(client, certificate);
  return { enrolled: true, replacedSerials: replaced.rows.map((row) => row.serial) };
}

async function renew(
  client: PoolClient,
  previousSerial: string,
  certificate: StoredCertificate,
): Promise<boolean> {
  const agent = await client.query('SELECT 1 FROM agents WHERE name = $1 AND revoked_at IS NULL FOR UPDATE', [
    certificate.agent,
  ]);
  if (agent.rowCount !== 1) return false;
  const previous = await client.query(
    'SELECT 1 FROM agent_certificates WHERE serial = $1 AND agent = $2 AND revoked_at IS NULL AND expires_at > $3',
    [previousSerial, certificate.agent, new Date(certificate.issuedAt)],
  );
  if (previous.rowCount !== 1) return false;
  await insertCertificate(client, certificate);
  return true;
}

async function insertCertificate(client: PoolClient, certificate: StoredCertificate): Promise<void> {
  await client.query(
    'INSERT INTO agent_certificates (serial, agent, fingerprint, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)',
    [
      certificate.serial,
      certificate.agent,
      certificate.fingerprint,
      new Date(certificate.issuedAt),
      new Date(certificate.expiresAt),
    ],
  );
}

async function findCertificate(pool: Pool, serial: string): Promise<StoredCertificate | undefined> {
  const { rows } = await pool.query<{
    agent: string;
    fingerprint: string;
    issued_at: Date;
    expires_at: Date;
    revoked: boolean;
  }>(
    'SELECT agent, fingerprint, issued_at, expires_at, revoked_at IS NOT NULL AS revoked FROM agent_certificates WHERE serial = $1',
    [serial],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    serial,
    agent: row.agent,
    fingerprint: row.fingerprint,
    issuedAt: row.issued_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    revoked: row.revoked,
  };
}

async function revokedSerials(pool: Pool, at: number): Promise<readonly string[]> {
  const { rows } = await pool.query<{ serial: string }>(
    'SELECT serial FROM agent_certificates WHERE revoked_at IS NOT NULL AND expires_at > $1',
    [new Date(at)],
  );
  return rows.map((row) => row.serial);
}

async function revokeAgent(client: PoolClient, name: string, at: number): Promise<boolean> {
  const when = new Date(at);
  const found = await client.query(
    'UPDATE agents SET revoked_at = coalesce(revoked_at, $2) WHERE name = $1',
    [name, when],
  );
  if (found.rowCount !== 1) return false;
  // Statements of their own: each sees what was committed while the one above waited for the row.
  await client.query(
    'UPDATE agent_certificates SET revoked_at = $2 WHERE agent = $1 AND revoked_at IS NULL',
    [name, when],
  );
  await client.query('DELETE FROM enrolment_tokens WHERE agent = $1 AND used_at IS NULL', [name]);
  return true;
}

async function listAgents(pool: Pool): Promise<readonly StoredAgent[]> {
  const { rows } = await pool.query<{
    name: string;
    revoked: boolean;
    fingerprint: string | null;
    expires_at: Date | null;
  }>(
    `SELECT a.name, a.revoked_at IS NOT NULL AS revoked, c.fingerprint, c.expires_at
     FROM agents a
     LEFT JOIN LATERAL (
       SELECT fingerprint, expires_at FROM agent_certificates WHERE agent = a.name ORDER BY issued_at DESC, serial LIMIT 1
     ) c ON true
     ORDER BY a.name`,
  );
  return rows.map(({ name, revoked, fingerprint, expires_at }) =>
    fingerprint === null || expires_at === null
      ? { name, revoked }
      : { name, revoked, certificate: { fingerprint, expiresAt: expires_at.getTime() } },
  );
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // A connection whose rollback fails is of no use to anybody else.
    const broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    client.release(broken);
    throw error;
  }
}
