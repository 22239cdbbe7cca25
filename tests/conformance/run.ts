/**
 * The official MCP conformance suite, directly at a fixture server and through Sallyport:
 * `pnpm conformance [--json] [--only stdio|http|direct] [--era 2025-11-25|2026-07-28]`.
 *
 * Exits 1 unless every required scenario passes every way and every check that passes directly passes through.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, startProcess } from './processes.ts';
import { compareRuns, countReport, type RevisionReport, renderReport, type Way } from './report.ts';
import { type Subject, startSubject } from './subject.ts';
import { REVISIONS, type Revision, runSuite, type SuiteResult } from './suite.ts';
import { startTokenAdder, type TokenAdder } from './token-adder.ts';

const FIXTURE = join(import.meta.dirname, 'fixture');

interface Options {
  readonly json: boolean;
  readonly through: readonly ('stdio' | 'http')[];
  readonly revisions: readonly Revision[];
}

async function main(): Promise<void> {
  const options = readOptions();
  const say = options.json ? () => {} : (line: string) => process.stdout.write(`${line}\n`);
  const fixture = await startProcess({
    name: 'fixture over HTTP',
    command: process.execPath,
    args: [join(FIXTURE, 'http.ts'), String(await freePort())],
    ready: /^http:/,
  });
  let subject: Subject | undefined;
  let adder: TokenAdder | undefined;
  try {
    if (options.through.length > 0) {
      const passThroughPort = await freePort();
      subject = await startSubject({
        passThroughPort,
        servers: {
          'fixture-stdio': { transport: 'stdio', command: [process.execPath, join(FIXTURE, 'stdio.ts')] },
          'fixture-http': { transport: 'http', url: fixture.readyLine },
        },
      });
      adder = await startTokenAdder(subject.mcpUrl(''), subject.token, passThroughPort);
    }
    const reports: RevisionReport[] = [];
    for (const revision of options.revisions) {
      const report = await runRevision(
        revision,
        (way) => urlOf(way, fixture.readyLine, subject, adder),
        options,
      );
      say(`${renderReport(report)}\n`);
      reports.push(report);
    }
    const { passed, failed } = countReport(reports);
    if (options.json) process.stdout.write(`${JSON.stringify({ passed, failed, reports }, null, 2)}\n`);
    else say(`conformance: ${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    await adder?.stop();
    await subject?.stop();
    await fixture.stop();
  }
}

/** One revision every way, one after the other: the suite's scenarios share the fixture's lists and subscriptions. */
async function runRevision(
  revision: Revision,
  url: (way: Way) => string,
  options: Options,
): Promise<RevisionReport> {
  const runs = new Map<Way, SuiteResult>();
  for (const way of ['direct', ...options.through] as const)
    runs.set(way, await runSuite(url(way), revision));
  return compareRuns(revision, runs);
}

function urlOf(
  way: Way,
  fixtureUrl: string,
  subject: Subject | undefined,
  adder: TokenAdder | undefined,
): string {
  // The suite wants a localhost URL, directly too.
  if (way === 'direct' || !subject || !adder) return fixtureUrl.replace('127.0.0.1', 'localhost');
  return adder.through(subject.mcpUrl(`fixture-${way}`));
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      era: { type: 'string' },
    },
  });
  const through = (['stdio', 'http'] as const).filter(
    (way) => values.only === undefined || values.only === way,
  );
  const revisions = REVISIONS.filter((each) => values.era === undefined || values.era === each);
  if (through.length === 0 && values.only !== 'direct') throw new Error('--only takes stdio, http or direct');
  if (revisions.length === 0) throw new Error(`--era takes ${REVISIONS.join(' or ')}`);
  return { json: values.json, through, revisions };
}

await main().catch((cause: unknown) => {
  process.stderr.write(`conformance: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
