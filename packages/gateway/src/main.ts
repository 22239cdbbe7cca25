import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '@sallyport/shared/clock';
import { runCli } from './cli/index.ts';
import { isSupervised, loadSettings } from './config/index.ts';
import { openFoundation } from './foundation.ts';
import { openLogger } from './telemetry/index.ts';

/** After this the start's work is over. */
const STARTED_MS = 5_000;

await runCli(process.argv, {
  async serve({ config }) {
    const settings = loadSettings(config);
    const logger = openLogger(settings.logLevel, 'gateway');
    // Loaded here, so that a client command does not load the gateway.
    const { startGateway } = await import('./wire.ts');
    const gateway = await startGateway(settings, logger);
    collectStartGarbage();
    let stopping = false;
    const stop = async (why: string) => {
      if (stopping) return;
      stopping = true;
      logger.info('the gateway stops', { why });
      try {
        await gateway.stop();
        process.exit(0);
      } catch (thrown) {
        logger.error('the gateway did not stop as it should', { error: String(thrown) });
        process.exit(1);
      }
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
    if (isSupervised()) process.on('disconnect', () => stop('its supervisor has gone'));
    process.on('unhandledRejection', (reason) => {
      logger.error('a promise was rejected and nobody looked', {
        error: reason instanceof Error ? reason.stack : String(reason),
      });
    });
  },
  async signer({ socket, state, origin }) {
    const logger = openLogger('info', 'signer');
    const { serveSigner } = await import('./audit/index.ts');
    const signer = await serveSigner({ socket, folder: state, origin, clock: systemClock, logger });
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => void signer.stop().then(() => process.exit(0)));
  },
  async migrate({ config }) {
    const settings = loadSettings(config);
    const undo: (() => unknown)[] = [];
    try {
      await openFoundation(settings, openLogger(settings.logLevel, 'gateway'), undo);
    } finally {
      for (const step of undo.reverse()) await step();
    }
  },
});

/**
 * A start parses schemas, policies and certificates and leaves tens of megabytes that V8 sees no reason to collect
 * while the gateway idles. One collection gives them back.
 */
function collectStartGarbage(): void {
  setFlagsFromString('--expose-gc');
  // Cast: the flag has just put it there.
  const collect = runInNewContext('gc') as () => void;
  setTimeout(collect, STARTED_MS).unref();
}
