import process from 'node:process';
import { parseArgs } from 'node:util';
import { readAuthorities } from './anchors.ts';
import { readGiven } from './files.ts';
import { unpacked } from './tar.ts';
import { Unproven } from './unproven.ts';
import { type Proven, verifyExport } from './verify.ts';

const USAGE = `Usage: sallyport-verify EXPORT [--key VKEY]... [--policy FILE] [--anchor PATH]... [--tsa-ca FILE] [--json]

Verifies an export of an audit log (a folder, or a .tar file), from its files alone: no network, no database, no gateway.
Exit code 0: everything is proven. 1: something is not, and the first such file and entry is named. 2: wrong usage.

  --key VKEY   a verifier key of the log that you have from elsewhere, for each of its keys;
               without any, the export's own keys are taken and shown
  --policy FILE  who must have countersigned the log (docs/AUDIT.md, Witnesses)
  --anchor PATH  a checkpoint that was kept elsewhere, or a folder of them: the export must be that history
  --tsa-ca FILE  certificates (PEM) of the time stamping authorities that you believe
  --json       print one JSON document
`;

/** Policies are not evaluated here. */
const HOLDING_OPEN =
  'that policy held each call that it should have: `sallyport-gateway policy` has the policies of a version';

/** Signals to the shell: proven, not proven, not asked rightly. */
const EXIT = { proven: 0, unproven: 1, usage: 2 } as const;

process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof readArguments>;
  try {
    parsed = readArguments(args);
  } catch (error) {
    process.stderr.write(
      `sallyport-verify: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`,
    );
    return EXIT.usage;
  }
  const { values, positionals } = parsed;
  const [folder] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return EXIT.proven;
  }
  if (folder === undefined || positionals.length !== 1) {
    process.stderr.write(USAGE);
    return EXIT.usage;
  }
  let tar: Awaited<ReturnType<typeof unpacked>> | undefined;
  try {
    if (folder.endsWith('.tar')) tar = await unpacked(folder);
    const proven = await verifyExport(tar?.folder ?? folder, values.key ?? [], {
      ...(values.policy === undefined ? {} : { policy: await readGiven(values.policy) }),
      anchors: values.anchor ?? [],
      authorities: values['tsa-ca'] === undefined ? [] : await readAuthorities(values['tsa-ca']),
    });
    process.stdout.write(values.json ? `${JSON.stringify({ proven: true, ...proven })}\n` : report(proven));
    return EXIT.proven;
  } catch (error) {
    if (!(error instanceof Unproven)) throw error;
    const { file, seq, message } = error;
    if (values.json)
      process.stdout.write(`${JSON.stringify({ proven: false, file, seq, problem: message })}\n`);
    process.stderr.write(`sallyport-verify: NOT PROVEN: ${error.line}\n`);
    return EXIT.unproven;
  } finally {
    await tar?.remove();
  }
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true },
      policy: { type: 'string' },
      anchor: { type: 'string', multiple: true },
      'tsa-ca': { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function report(proven: Proven): string {
  const { calls, entries } = proven;
  const span = entries === 0 ? '' : `, from ${proven.first} to ${proven.last}`;
  const lines = [
    `PROVEN: ${proven.origin}`,
    `  ${entries} entries, none missing${span}`,
    `  root ${proven.root}`,
    `  ${proven.checkpoints} checkpoints agree with them; the last was signed at ${new Date(proven.signedAtMs).toISOString()}`,
    `  ${calls.intents} calls: ${calls.outcomes} with an outcome, ${calls.indeterminate} indeterminate, ${calls.open.length} under way at the end`,
    ...(calls.open.length === 0
      ? []
      : [
          `    under way: the calls of entries ${calls.open.slice(0, 20).join(', ')}${calls.open.length > 20 ? ', …' : ''}`,
        ]),
    ...(calls.approved === 0
      ? []
      : [
          `  ${calls.approved} calls were held: each had its approval, by others than who asked, once, for exactly that`,
        ]),
    proven.keysGiven
      ? '  signed by the keys you gave'
      : '  signed by these keys, which come from the export itself: compare them with what you have from elsewhere',
    ...proven.keys.map((key) => `    ${key}`),
    ...witnessLines(proven),
  ];
  return `${lines.join('\n')}\n`;
}

/** What witnesses prove, and below it what nobody has proven. */
function witnessLines({
  witnesses: { witnesses, quorum, open },
  receipts,
  anchors,
  kept,
  entries,
}: Proven): string[] {
  const seen = witnesses.map(
    ({ name, kind, cosigned, size, atMs }) =>
      `    ${kind} ${name}: ${cosigned} checkpoints, the last of ${size} entries at ${new Date(atMs).toISOString()}`,
  );
  return [
    ...(quorum === undefined
      ? []
      : [
          `  countersigned by the quorum "${quorum.name}" up to entry ${quorum.entries - 1} (checkpoint ${quorum.checkpoint})`,
          ...(quorum.entries === entries
            ? []
            : [`    not yet countersigned: entries ${quorum.entries} to ${entries - 1}`]),
        ]),
    ...(seen.length === 0 ? [] : ['  countersigned by', ...seen]),
    ...(receipts.agents === 0
      ? []
      : [
          `  ${receipts.receipts} receipts of ${receipts.agents} agents agree: no call ran without an intent`,
        ]),
    ...(anchors.given === 0
      ? []
      : [`  ${anchors.given} checkpoints kept elsewhere agree, up to entry ${anchors.entries - 1}`]),
    ...anchors.stamps.map(
      ({ by, entries: covered, atMs, trusted }) =>
        `  time stamped up to entry ${covered - 1} at ${new Date(atMs).toISOString()} by ${by}${trusted ? '' : ' (not compared with anything you gave)'}`,
    ),
    ...(kept.bodies === 0 ? [] : [`  ${kept.bodies} bodies are the ones that entries name`]),
    ...(kept.sealed === 0
      ? []
      : [`  ${kept.sealed} sealed originals are here; only the master key opens them`]),
    'NOT PROVEN BY THIS:',
    ...[...open, ...receipts.open, ...anchors.open, HOLDING_OPEN].map((what) => `  - ${what}`),
  ];
}
