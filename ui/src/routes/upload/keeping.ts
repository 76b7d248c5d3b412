/** Rows and files in IndexedDB until the server has them, so that closing the tab loses nothing. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Keep } from './ports';
import { isOpen, type Row } from './rows';

interface Kept extends Omit<Row, 'file' | 'sent' | 'kept'> {
  user: string;
  project: string;
}
interface Shelves extends DBSchema {
  rows: { key: string; value: Kept; indexes: { whose: [string, string] } };
  files: { key: string; value: Blob };
}

/** Where the browser does not tell how much room there is (it only does so over https). */
const ROOM_UNTOLD = 1 << 30;
const SHARE = 0.6;
/** Rows of one transaction, so that thousands do not hold up the page. */
const AT_ONCE = 50;

let opened: Promise<IDBPDatabase<Shelves>> | undefined;

function open(): Promise<IDBPDatabase<Shelves>> {
  opened ??= openDB<Shelves>('sightloop-uploads', 1, {
    upgrade(db) {
      db.createObjectStore('rows', { keyPath: 'id' }).createIndex('whose', ['user', 'project']);
      db.createObjectStore('files');
    },
  });
  return opened;
}

/** The projects of which this browser keeps rows of somebody. */
export async function projectsOf(user: string): Promise<string[]> {
  const db = await open();
  const keys = await db.getAllFromIndex('rows', 'whose', IDBKeyRange.bound([user, ''], [user, '\uffff']));
  return [...new Set(keys.map((row) => row.project))];
}

/** What is kept of one person's upload into one project. */
export class Shelf implements Keep {
  constructor(
    readonly user: string,
    readonly project: string,
  ) {}

  async add(rows: Row[], kept: (row: Row) => void): Promise<boolean> {
    let room = await space();
    let roomy = true;
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      await this.#write(rows.slice(from, from + AT_ONCE));
      const part = rows.slice(from, from + AT_ONCE).filter((row) => isWanted(row) && row.file !== null);
      const fit = part.filter((row) => (room -= row.size) >= 0);
      roomy &&= fit.length === part.length;
      if (!(await this.#files(fit))) return false;
      for (const row of fit) kept(row);
    }
    return roomy;
  }

  async update(rows: Row[]): Promise<void> {
    if (rows.length > 0) await this.#write(rows);
  }

  async forget(rows: Row[]): Promise<void> {
    if (rows.length === 0) return;
    const change = (await open()).transaction(['rows', 'files'], 'readwrite');
    for (const { id } of rows) {
      void change.objectStore('rows').delete(id);
      void change.objectStore('files').delete(id);
    }
    await change.done;
  }

  async load(): Promise<Row[]> {
    const look = (await open()).transaction(['rows', 'files']);
    const found = await look.objectStore('rows').index('whose').getAll([this.user, this.project]);
    const files = await Promise.all(found.map((row) => look.objectStore('files').get(row.id)));
    return found.map(({ user: _, project: __, ...row }, index) => {
      const file = files[index] ?? null;
      const state = isOpen(row as Row) ? (row.sha256 ? 'read' : 'waiting') : row.state;
      return { ...row, file, kept: file !== null, sent: 0, state };
    });
  }

  async #write(rows: Row[]): Promise<void> {
    const change = (await open()).transaction(['rows', 'files'], 'readwrite');
    for (const row of rows) {
      const { file: _, sent: __, kept: ___, ...rest } = row;
      void change.objectStore('rows').put({ ...rest, user: this.user, project: this.project });
      if (!isWanted(row)) void change.objectStore('files').delete(row.id);
    }
    await change.done;
  }

  /** Whether the browser took them. */
  async #files(rows: Row[]): Promise<boolean> {
    const change = (await open()).transaction('files', 'readwrite');
    try {
      for (const row of rows) change.store.put(row.file as Blob, row.id).catch(() => {});
      await change.done;
      return true;
    } catch {
      return false; // full after all, or a private window that keeps no files
    }
  }
}

/** Whether a row's bytes may still be needed. */
function isWanted(row: Row): boolean {
  return isOpen(row) || row.again === true;
}

/** Bytes that may be kept now. */
async function space(): Promise<number> {
  const told = await globalThis.navigator?.storage?.estimate?.();
  if (told?.quota === undefined) return ROOM_UNTOLD;
  return (told.quota - (told.usage ?? 0)) * SHARE;
}
