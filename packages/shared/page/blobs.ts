import type { Folder, Source } from '../src/verify/files.ts';

/** What is read at a time: a page must not hold a file of gigabytes. */
const PIECE_BYTES = 1_048_576;

/** A file that was chosen or dropped. */
export interface NamedBlob {
  /** In an export: its path, with forward slashes. */
  readonly name: string;
  readonly blob: Blob;
}

/** @param read is told how many bytes were read. */
export function blobSource(
  { name, blob }: NamedBlob,
  read: (bytes: number) => void = () => undefined,
): Source {
  return {
    name,
    bytes: blob.size,
    async *pieces(from, until) {
      for (let at = from; at < until; at += PIECE_BYTES) {
        const piece = await blob.slice(at, Math.min(at + PIECE_BYTES, until)).arrayBuffer();
        read(piece.byteLength);
        yield Buffer.from(piece);
      }
    },
  };
}

/** Files of a folder. */
export function blobFolder(files: readonly NamedBlob[], read: (bytes: number) => void): Folder {
  const byPath = new Map(files.map((file) => [file.name, file]));
  return {
    paths: async () => [...byPath.keys()],
    async open(path) {
      const file = byPath.get(path);
      return file === undefined ? undefined : blobSource(file, read);
    },
  };
}
