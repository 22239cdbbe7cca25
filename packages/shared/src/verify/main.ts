import process from 'node:process';
import { parseArgs } from 'node:util';
import { readAuthorities } from './anchors.ts';
import { exportAt, fileAt, filesAt } from './disk.ts';
import { readGiven } from './files.ts';
import { reportText } from './report.ts';
import { Unproven } from './unproven.ts';
import { verifyExport } from './verify.ts';

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
  try {
    const tsaCa = values['tsa-ca'];
    const proven = await verifyExport(await exportAt(folder), values.key ?? [], {
      ...(values.policy === undefined ? {} : { policy: await readGiven(await fileAt(values.policy)) }),
      anchors: await Promise.all((values.anchor ?? []).map(filesAt)),
      authorities: tsaCa === undefined ? [] : await readAuthorities(await fileAt(tsaCa)),
    });
    process.stdout.write(
      values.json ? `${JSON.stringify({ proven: true, ...proven })}\n` : reportText(proven),
    );
    return EXIT.proven;
  } catch (error) {
    if (!(error instanceof Unproven)) throw error;
    const { file, seq, message } = error;
    if (values.json)
      process.stdout.write(`${JSON.stringify({ proven: false, file, seq, problem: message })}\n`);
    process.stderr.write(`sallyport-verify: NOT PROVEN: ${error.line}\n`);
    return EXIT.unproven;
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
