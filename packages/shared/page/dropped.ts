import type { NamedBlob } from './blobs.ts';

/** What somebody chose or dropped. */
export interface Choice {
  /** As it is shown. */
  readonly name: string;
  readonly files: { readonly tar: NamedBlob } | { readonly folder: readonly NamedBlob[] };
}

/** What a file input holds: a `.tar` file, or a folder; undefined where it holds nothing. */
export function chosen(files: readonly File[]): Choice | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  const [folder = ''] = first.webkitRelativePath.split('/');
  if (folder === '') return { name: first.name, files: { tar: { name: first.name, blob: first } } };
  return {
    name: folder,
    files: {
      // The path begins with the chosen folder's own name.
      folder: files.map((file) => ({ name: file.webkitRelativePath.slice(folder.length + 1), blob: file })),
    },
  };
}

/** A file or a folder that was dropped. */
interface Dropped {
  readonly name: string;
  readonly read: { readonly file: () => Promise<File> } | { readonly inside: () => Promise<Dropped[]> };
}

/**
 * What was dropped: a folder, a `.tar` file, or all that is in a folder.
 *
 * @throws Error where the browser does not show it to a page.
 */
export async function dropped(transfer: DataTransfer): Promise<Choice | undefined> {
  // All are taken at once: the list is empty as soon as the event is over.
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const all = await Promise.all(items.map((item) => handled(item) ?? entered(item)));
  const [first] = all;
  if (first === undefined) return undefined;
  const { name, read } = first;
  if (all.length > 1)
    return { name: `${all.length} files and folders`, files: { folder: await filesOf(all, '') } };
  if ('file' in read) return { name, files: { tar: { name, blob: await read.file() } } };
  return { name, files: { folder: await filesOf(await read.inside(), '') } };
}

async function filesOf(all: readonly Dropped[], path: string): Promise<NamedBlob[]> {
  const found = all.map(async ({ name, read }) =>
    'file' in read
      ? [{ name: `${path}${name}`, blob: await read.file() }]
      : await filesOf(await read.inside(), `${path}${name}/`),
  );
  return (await Promise.all(found)).flat();
}

/** Chromium's way, and there the only one that a page may take which was opened from a file. */
function handled(item: DataTransferItem): Promise<Dropped> | undefined {
  // Cast: the types do not have it yet.
  const { getAsFileSystemHandle: ask } = item as { getAsFileSystemHandle?: () => Promise<FileSystemHandle> };
  return ask?.call(item).then(ofHandle);
}

function ofHandle(handle: FileSystemHandle): Dropped {
  // Casts: the kind says which it is.
  if (handle.kind === 'file') {
    const file = handle as FileSystemFileHandle;
    return { name: handle.name, read: { file: () => file.getFile() } };
  }
  const directory = handle as FileSystemDirectoryHandle;
  const inside = async (): Promise<Dropped[]> => {
    const found: Dropped[] = [];
    for await (const each of directory.values()) found.push(ofHandle(each));
    return found;
  };
  return { name: handle.name, read: { inside } };
}

/** The way of all other browsers. */
async function entered(item: DataTransferItem): Promise<Dropped> {
  const entry = item.webkitGetAsEntry();
  if (entry === null) throw new Error('the browser gives nothing of what was dropped');
  return ofEntry(entry);
}

function ofEntry(entry: FileSystemEntry): Dropped {
  // Casts: the entry says which it is.
  if (entry.isFile) {
    const file = entry as FileSystemFileEntry;
    return {
      name: entry.name,
      read: { file: () => new Promise((resolve, reject) => file.file(resolve, reject)) },
    };
  }
  return { name: entry.name, read: { inside: () => entriesIn(entry as FileSystemDirectoryEntry) } };
}

async function entriesIn(directory: FileSystemDirectoryEntry): Promise<Dropped[]> {
  const reader = directory.createReader();
  const entries: FileSystemEntry[] = [];
  // A reader gives some at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return entries.map(ofEntry);
    entries.push(...some);
  }
}
