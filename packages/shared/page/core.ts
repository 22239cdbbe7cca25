import { readAuthorities } from '../src/verify/anchors.ts';
import { type Folder, readGiven } from '../src/verify/files.ts';
import { type Report, reportOf } from '../src/verify/report.ts';
import { tarFolder } from '../src/verify/tar.ts';
import { Unproven } from '../src/verify/unproven.ts';
import { verifyExport } from '../src/verify/verify.ts';
import { blobFolder, blobSource, type NamedBlob } from './blobs.ts';

/** What is to be verified, and with what. Can be given to a worker. */
export interface Request {
  readonly files: { readonly tar: NamedBlob } | { readonly folder: readonly NamedBlob[] };
  /** Each is what the command's option of that name is. */
  readonly keys: readonly string[];
  readonly policy?: NamedBlob;
  readonly anchors: readonly {
    readonly name: string;
    readonly files: readonly NamedBlob[];
  }[];
  readonly tsaCa?: NamedBlob;
}

/** What the command would say. */
export type Verdict =
  | { readonly proven: true; readonly report: Report }
  | {
      readonly proven: false;
      readonly file: string;
      readonly seq: number | undefined;
      readonly problem: string;
      /** File, entry and problem in one line. */
      readonly line: string;
    };

/** What the worker tells the page. */
export type Told =
  | { readonly is: 'progress'; readonly done: number; readonly of: number }
  | { readonly is: 'verdict'; readonly verdict: Verdict }
  /** Neither proven nor not: the verifier itself failed. */
  | { readonly is: 'broken'; readonly problem: string };

/**
 * Verifies an export from the files that a browser was given.
 *
 * @param progress is told how many of how many bytes were read.
 */
export async function verifyFiles(
  request: Request,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<Verdict> {
  try {
    const folder = await folderOf(request, progress);
    const { keys, policy, anchors, tsaCa } = request;
    const proven = await verifyExport(folder, keys, {
      ...(policy === undefined ? {} : { policy: await readGiven(blobSource(policy)) }),
      anchors: anchors.map(({ name, files }) => ({ name, files: files.map((file) => blobSource(file)) })),
      authorities: tsaCa === undefined ? [] : await readAuthorities(blobSource(tsaCa)),
    });
    return { proven: true, report: reportOf(proven) };
  } catch (thrown) {
    if (!(thrown instanceof Unproven)) throw thrown;
    const { file, seq, message, line } = thrown;
    return { proven: false, file, seq, problem: message, line };
  }
}

function folderOf(
  { files }: Request,
  progress: (done: number, of: number) => void,
): Promise<Folder> | Folder {
  const blobs = 'tar' in files ? [files.tar] : files.folder;
  const of = blobs.reduce((sum, { blob }) => sum + blob.size, 0);
  let done = 0;
  const read = (bytes: number): void => {
    done += bytes;
    progress(done, of);
  };
  return 'tar' in files ? tarFolder(blobSource(files.tar, read)) : blobFolder(files.folder, read);
}
