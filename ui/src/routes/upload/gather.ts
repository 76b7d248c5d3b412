/** The files of a drop, a choice or a paste, with the folders they lie in. */
import type { Chosen } from './ports';

export interface Gathered {
  files: Chosen[];
  archives: File[];
  /** Hidden files of the system that nobody means. */
  hidden: number;
  /** Folders with pictures directly in them, which people may take for classes. */
  folders: string[];
}

const ORDER = new Intl.Collator('en', { numeric: true });
const HIDDEN = /(^|\/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/i;

/** Everything that was dropped; call it while the event is handled, the folders are read afterwards. */
export async function dropped(data: DataTransfer): Promise<Gathered> {
  const entries = [...data.items].map((item) => (item.kind === 'file' ? (item.webkitGetAsEntry?.() ?? null) : null));
  if (entries.every((entry) => entry === null)) return listed(data.files);
  const found: { file: File; path: string }[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return sorted(found);
}

/** What was chosen or pasted. */
export function listed(files: Iterable<File>): Gathered {
  return sorted([...files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
}

async function walk(entry: FileSystemEntry, found: { file: File; path: string }[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return; // a browser gives at most a hundred at a time
    for (const one of part) await walk(one, found);
  }
}

function sorted(found: { file: File; path: string }[]): Gathered {
  const visible = found.filter(({ path }) => !HIDDEN.test(path));
  const files = visible.filter(({ file, path }) => !isArchive(file, path));
  files.sort((a, b) => ORDER.compare(a.path, b.path));
  const folders = new Set(files.map(({ path }) => path.split('/').at(-2)).filter((name) => name !== undefined));
  return {
    files,
    archives: visible.filter(({ file, path }) => isArchive(file, path)).map(({ file }) => file),
    hidden: found.length - visible.length,
    folders: [...folders],
  };
}

function isArchive(file: File, path: string): boolean {
  return /\.zip$/i.test(path) || file.type === 'application/zip' || file.type === 'application/x-zip-compressed';
}
