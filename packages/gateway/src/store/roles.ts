import type { Client } from 'pg';
import type { Logger } from 'winston';
import { APP_ROLE } from './connection.ts';

/** Tables that are only ever inserted into: the log. Each has triggers that refuse all else (0001_audit.sql). */
const APPEND_ONLY_TABLES = [
  'audit_entries',
  'audit_subtrees',
  'audit_checkpoints',
  'audit_witness_keys',
  'audit_cosignatures',
  'audit_witness_conflicts',
  'audit_anchors',
] as const;

/** What the owner's functions work on for the serving role, which can call these of them (0061 and 0062). */
const FUNCTIONS = [
  'audit_make_months(timestamptz, integer)',
  'audit_drop_month(text, integer, bigint)',
] as const;

/** What only the owner's functions write. */
const READ_ONLY_TABLES = ['migrations', 'audit_partitions', 'audit_leaf_hashes', 'audit_drops'] as const;

const CREATE_ROLE = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${APP_ROLE}') THEN
    CREATE ROLE ${APP_ROLE} NOLOGIN;
  END IF;
  IF NOT pg_has_role(current_user, '${APP_ROLE}', 'SET') THEN
    EXECUTE format('GRANT ${APP_ROLE} TO %I WITH SET TRUE', current_user);
  END IF;
EXCEPTION
  -- Two migrations of two databases of one cluster may create the role at the same moment.
  WHEN duplicate_object OR unique_violation THEN NULL;
END $$`;

const GRANT = `
  GRANT USAGE ON SCHEMA public TO ${APP_ROLE};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${APP_ROLE};
  GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${APP_ROLE};
  ${APPEND_ONLY_TABLES.map((table) => `REVOKE ALL ON ${table} FROM ${APP_ROLE}; GRANT SELECT, INSERT ON ${table} TO ${APP_ROLE};`).join('\n  ')}
  GRANT USAGE ON SCHEMA bullmq TO ${APP_ROLE};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO ${APP_ROLE};
  GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA bullmq TO ${APP_ROLE};
  REVOKE INSERT, UPDATE, DELETE ON ${READ_ONLY_TABLES.join(', ')} FROM ${APP_ROLE};
  ${FUNCTIONS.map((each) => `GRANT EXECUTE ON FUNCTION ${each} TO ${APP_ROLE};`).join('\n  ')}
  DO $$
  DECLARE
    partition regclass;
  BEGIN
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON inhrelid = pg_class.oid
      WHERE relkind = 'r' LOOP
      EXECUTE format('REVOKE ALL ON %s FROM ${APP_ROLE}', partition);
    END LOOP;
  END
  $$;`;

/**
 * Lets the serving role at the tables the owner has just migrated. Run after every migration, so that a table of any
 * migration is covered and the log's tables stay append-only for it.
 *
 * An owner that may not create roles (a hosted database with one role) goes on without: see `servingRole`.
 */
export async function grantServingRole(owner: Client, logger: Logger): Promise<void> {
  try {
    await owner.query(CREATE_ROLE);
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    logger.warn('the database role may not create roles: the gateway will work as the owner of its tables', {
      role: APP_ROLE,
      cure: `have an administrator run: CREATE ROLE ${APP_ROLE} NOLOGIN; GRANT ${APP_ROLE} TO <role of SALLYPORT_DATABASE_URL>; and start again`,
    });
    return;
  }
  await owner.query(`BEGIN; ${GRANT} COMMIT`).catch(async (error: unknown) => {
    await owner.query('ROLLBACK');
    throw error;
  });
}

/**
 * The role a serving connection switches to: `sallyport_app` where the URL's role may become it, else undefined and
 * the gateway serves as the URL's own role. That is right where that role is a plain one (SELECT and INSERT on the
 * log) and a loss of hygiene, with a warning, where it owns the tables. The triggers refuse changes for every role.
 */
export async function servingRole(client: Client, logger: Logger): Promise<string | undefined> {
  const { rows } = await client.query<{ may_switch: boolean; may_change_log: boolean }>(
    `SELECT coalesce((SELECT pg_has_role(current_user, oid, 'SET') FROM pg_roles WHERE rolname = $1), false) AS may_switch,
            coalesce(has_table_privilege(current_user, to_regclass('audit_entries'), 'UPDATE'), false) AS may_change_log`,
    [APP_ROLE],
  );
  if (rows[0]?.may_switch === true) return APP_ROLE;
  if (rows[0]?.may_change_log === true) {
    logger.warn(
      'the gateway works as a database role that owns the audit log; only triggers keep it append-only',
      {
        cure: `GRANT ${APP_ROLE} TO the role of SALLYPORT_DATABASE_URL`,
      },
    );
  }
  return undefined;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** The SQLSTATE of an error of Postgres, if it is one. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
