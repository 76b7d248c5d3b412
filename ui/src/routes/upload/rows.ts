/** One row per file of an upload, and counts that follow every change: stored + duplicate + failed + open = total. */

export type Outcome = 'stored' | 'duplicate' | 'failed';
/** Before its outcome a file waits, is read (for its checksum), is asked about, is ready, and is sent. */
export type State = 'waiting' | 'reading' | 'read' | 'asked' | 'ready' | 'sending' | Outcome;

export interface Row {
  readonly id: string;
  /** As it was chosen, with its folders. */
  readonly path: string;
  readonly size: number;
  readonly site: string;
  /** Null once it is through, or where the page was closed before it could be kept. */
  file: Blob | null;
  state: State;
  /** Bytes that are on their way or there. */
  sent: number;
  sha256?: string;
  /** Why it failed, or what is worth saying of a file that is here. */
  reason?: string;
  /** It failed, and sending it again may help. */
  again?: boolean;
  /** It failed because its bytes are out of reach; it has to be chosen again. */
  missing?: boolean;
  /** It was sent at least once, so what the project has may be ours. */
  flown?: boolean;
  /** It goes in a request of its own, because the one it shared was refused. */
  alone?: boolean;
  /** Its bytes survive the page. */
  kept?: boolean;
  imageId?: string;
  /** The picture's status and what the library shows it as, once the server said so. */
  status?: string;
  shown?: string | null;
}

export interface Counts {
  total: number;
  stored: number;
  duplicate: number;
  failed: number;
  /** Without an outcome yet. */
  open: number;
  /** Open ones whose checksum is not known yet. */
  unread: number;
  /** Open ones that would be lost with the page. */
  loose: number;
  /** Failed ones that can be sent again. */
  again: number;
  /** Failed ones that have to be chosen again. */
  missing: number;
  bytes: number;
  sent: number;
}

export function isOpen(row: Row): boolean {
  return row.state !== 'stored' && row.state !== 'duplicate' && row.state !== 'failed';
}

/** The rows in their order; every change that counts goes through here. */
export class Ledger {
  rows: Row[] = [];
  readonly counts = none();
  readonly #listed = new Set<Row>();

  add(row: Row): void {
    this.rows.push(row);
    this.#listed.add(row);
    this.#count(row, 1);
  }

  /** Change a row; one that was taken out meanwhile no longer counts. */
  change(row: Row, changes: Partial<Row>): void {
    if (this.#listed.has(row)) this.#count(row, -1);
    Object.assign(row, changes);
    if (this.#listed.has(row)) this.#count(row, 1);
  }

  /** Take rows out; they no longer count. */
  remove(gone: (row: Row) => boolean): Row[] {
    const removed = this.rows.filter(gone);
    for (const row of removed) {
      this.#count(row, -1);
      this.#listed.delete(row);
    }
    this.rows = this.rows.filter((row) => this.#listed.has(row));
    return removed;
  }

  #count(row: Row, by: 1 | -1): void {
    const { counts } = this;
    counts.total += by;
    counts.bytes += by * row.size;
    counts.sent += by * (isOpen(row) ? row.sent : row.size);
    if (row.state === 'stored' || row.state === 'duplicate' || row.state === 'failed') counts[row.state] += by;
    else counts.open += by;
    if (row.state === 'failed' && row.again) counts.again += by;
    if (row.state === 'failed' && row.missing) counts.missing += by;
    if (row.state === 'waiting' || row.state === 'reading') counts.unread += by;
    if (isOpen(row) && !row.kept) counts.loose += by;
  }
}

export function none(): Counts {
  return {
    total: 0,
    stored: 0,
    duplicate: 0,
    failed: 0,
    open: 0,
    unread: 0,
    loose: 0,
    again: 0,
    missing: 0,
    bytes: 0,
    sent: 0,
  };
}
