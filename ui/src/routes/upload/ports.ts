/** What the queue needs of the world around it: checksums, the server, a memory that survives the page, and time. */
import type { Outcome, Row } from './rows';

export interface Chosen {
  file: Blob;
  /** Its name with the folders it was chosen in. */
  path: string;
}

export interface Print {
  sha256: string;
  /** Whether the first bytes are those of a format that the server takes. */
  picture: boolean;
}

export interface Known {
  imageId: string;
  trashed: boolean;
}

/** The part of a stored picture that a row shows. */
export interface Answer {
  id: string;
  status: string;
  reason: string | null;
  shown: string | null;
}

/** What the server says of one file of a request. */
export interface Told {
  outcome: Outcome;
  reason: string | null;
  image: Answer | null;
}

/** The files of one request; the same key again is carried out once. */
export interface Batch {
  key: string;
  site: string;
  rows: Row[];
}

export interface Ports {
  read(file: Blob): Promise<Print>;
  known(checksums: string[]): Promise<Map<string, Known>>;
  /** Send files and hear of each in order; `progress` gets the bytes on their way. Throws a Problem. */
  send(batch: Batch, progress: (bytes: number) => void, signal: AbortSignal): Promise<Told[]>;
  look(imageIds: string[]): Promise<Answer[]>;
  /** Rejects where the signal is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Resolves while the browser is online. */
  online(): Promise<void>;
  /** Do `work` as the only page that sends for this project; `waited` is whether another one was first. */
  lead(work: (waited: boolean) => Promise<void>, waiting: () => void): Promise<void>;
  newId(): string;
  keep: Keep;
}

/** Rows and files beyond the life of the page. */
export interface Keep {
  /** Remember rows and, while there is room, their files; `kept` hears of each. Says whether there was room for all. */
  add(rows: Row[], kept: (row: Row) => void): Promise<boolean>;
  /** Remember what rows are now; the files of those that are through are forgotten. */
  update(rows: Row[]): Promise<void>;
  forget(rows: Row[]): Promise<void>;
  load(): Promise<Row[]>;
}
