import type { BegunExport } from './export-pages.ts';

/** Of a part of the log. */
const JOINED = `What is before them is in earlier exports. before.hashes has the hashes of the tree over it (RFC 6962): the roots of its
largest complete subtrees. To see that this export follows on an earlier one:

  sallyport-verify <this folder> --anchor <the earlier folder>/checkpoints.ndjson

`;

/** README.txt of an export: for an examiner who knows nothing of Sallyport. */
export function readmeFor(begun: BegunExport): string {
  const { origin, from, size, seq, checkpoint, keys, problem } = begun;
  const first = String(from).padStart(12, '0');
  return `AUDIT LOG ${origin}

This folder holds the entries ${from} to ${size - 1} of the audit log "${origin}".
${from === 0 ? '' : JOINED}The last checkpoint was signed at ${checkpoint.ts}. Entry ${seq} of the log records that this export was made, and by whom.
${problem === undefined ? '' : `\nWHEN THIS WAS EXPORTED THE LOG WAS NOT SIGNED ANY MORE:\n${problem}\n`}
WHAT IS HERE

  entries/*.ndjson    The entries, one line each, in order. A line is the exact text that was hashed
                      (JSON in the canonical form of RFC 8785).
  entries/*.hashes    The hash the gateway had of each entry: SHA-256 of a zero byte and the line's text.
  checkpoints.ndjson  Signed statements "the log has so many entries and this root hash", with the time,
                      at least one a minute (C2SP tlog-checkpoint). The root hash is over all entries (RFC 6962).
  keys.txt            The log's public keys (C2SP signed-note verifier keys).
  witnesses/          Who has countersigned the checkpoints (C2SP tlog-cosignature): their keys, their lines, and
                      what a witness refused, with both checkpoints.
  receipts/           What agents noted of every call before they gave it to a server: a hash chain of each agent. Entries
                      of kind agent.receipts have its heads.
  anchors/            Which checkpoints were put where the gateway can't change them, and time stamps (RFC 3161).
  bodies/, sealed/    Only where asked for: masked requests and answers by their digests, and exact requests, sealed.
  MANIFEST.json       Size and SHA-256 of each file.

HOW TO CHECK IT

  sallyport-verify <this folder>

It needs Node.js, no network, no database and no gateway. It ends with exit code 0 when everything is proven, and
otherwise names the first file and entry that is not.

Without Node.js: verify.html, one file for any browser of today, does the same and needs no network either. It is not in this
folder on purpose. A verifier that comes with the data proves nothing: take it, and the command, from the Sallyport release
that you trust, and compare their SHA-256.

The keys in this folder could have been exchanged with everything else. Get them from the bank by another way, long
before you need them, and compare, or let the verifier do it:

${keys.map((key) => `  sallyport-verify <this folder> --key '${key}'`).join('\n')}

To check one entry by hand (line 1 of a file is the first seq in its name):

  { printf '\\0'; sed -n 1p entries/${first}.ndjson | tr -d '\\n'; } | sha256sum
  sed -n 1p entries/${first}.hashes

WHAT IS PROVEN

  No entry that a checkpoint covers was changed, removed, inserted, moved or given another time since the checkpoint
  was signed; every call that was recorded as sent has exactly one recorded ending, or was under way at the end.

WHAT IS NOT

  That the holder of the log's private key, with full control of the database, did not write another history and sign
  it anew: compare with checkpoints that were kept elsewhere. That what the gateway recorded is what a server did.
`;
}
