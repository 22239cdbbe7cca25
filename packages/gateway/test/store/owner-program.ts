// A process that owns an embedded Postgres, for tests that kill such a process. Prints Postgres's process id, then
// the new one after each restart. SIGTERM stops it in order.
import { startEmbeddedPostgres } from '../../src/store/index.ts';
import { quietLogger as logger } from './postgres.ts';

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('usage: owner-program.ts DATA_DIR');
const say = (pid: number | undefined): void => {
  process.stdout.write(`${pid}\n`);
};
try {
  const postgres = await startEmbeddedPostgres({ dataDir, logger, onRestart: say });
  process.once('SIGTERM', () => {
    void postgres.stop();
  });
  say(postgres.pid());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
