/** The upload of one project: checksum first, a few requests abreast, and nothing is stored before the server says so. */
import { Problem, problem } from '$/api/problem';
import { Answers } from './answers';
import { Patience } from './patience';
import type { Answer, Batch, Chosen, Known, Ports, Told } from './ports';
import { isOpen, Ledger, type Row } from './rows';

const READERS = 3;
const LANES = 3;
const TAKE_AT_ONCE = 250;
const ASK_AT_ONCE = 200;
const FILES_AT_ONCE = 16;
const BYTES_AT_ONCE = 8 << 20;

export class Queue {
  /** `others`: another page of this browser sends, and this one waits for it. */
  place: 'idle' | 'others' | 'sending' = 'idle';
  /** How many files an earlier page left to this one. */
  resumed = 0;
  /** The browser has no room for what would have to survive the page. */
  full = false;
  /** Milliseconds since 1970 of the first and the last step, and the bytes that were through at the first. */
  began = 0;
  ended = 0;
  base = 0;

  readonly #ledger = new Ledger();
  readonly #patience: Patience;
  readonly #answers: Answers;
  #unread: Row[] = [];
  #read: Row[] = [];
  #ready: Row[] = [];
  #reading = 0;
  #asking = false;
  #lanes = 0;
  /** Of every checksum the row that counts as stored; any other one with it is a duplicate. */
  #ours = new Map<string, Row>();
  #asked = false;
  #leave = () => {};

  constructor(
    readonly ports: Ports,
    readonly changed: () => void = () => {},
  ) {
    this.#patience = new Patience(ports, changed);
    this.#answers = new Answers(
      ports,
      () => this.rows,
      (row, image) => this.#answer(row, image),
    );
  }

  get rows(): readonly Row[] {
    return this.#ledger.rows;
  }
  get counts(): Ledger['counts'] {
    return this.#ledger.counts;
  }
  get paused(): boolean {
    return this.#patience.paused;
  }
  get trouble(): Problem | undefined {
    return this.#patience.trouble;
  }

  /** Take files in, some at a time because a browser asks the disk for the size of each. */
  async add(chosen: Chosen[], site = ''): Promise<void> {
    const rows: Row[] = [];
    for (let from = 0; from < chosen.length; from += TAKE_AT_ONCE) {
      if (from > 0) await new Promise((resolve) => setTimeout(resolve));
      rows.push(...this.#takeSome(chosen.slice(from, from + TAKE_AT_ONCE), site));
      this.#go();
    }
    const roomy = await this.ports.keep
      .add(rows.filter(isOpen), (row) => this.#ledger.change(row, { kept: true }))
      .catch(() => false);
    this.full = !roomy && this.counts.open > 0;
    this.changed();
  }

  /** Go on with what an earlier page left, as soon as no other page does. */
  resume(): void {
    if (!this.#asked) void this.#lead(true);
  }

  pause(): void {
    this.#patience.paused = true;
    this.changed();
  }

  goOn(): void {
    this.#patience.goOn();
    this.#go();
  }

  /** Send again what failed and may be sent again: all of it, or one row. */
  retry(id?: string): void {
    const failed = this.rows.filter((row) => row.state === 'failed' && row.again && (!id || row.id === id));
    for (const row of failed) this.#again(row, row.file);
    this.goOn();
  }

  /** Send nothing more: what is there stays, the rest has failed until somebody sends it again. */
  cancel(): void {
    const open = this.rows.filter(isOpen);
    this.#unread = [];
    this.#read = [];
    this.#ready = [];
    for (const row of open) this.#settle(row, { state: 'failed', reason: 'You cancelled it.', again: true });
    this.#patience.drop();
    this.#remember(open);
    this.#turn();
  }

  /** Take the rows out of the list that are through. */
  clear(): void {
    const gone = this.#ledger.remove((row) => !isOpen(row));
    for (const row of gone) if (row.sha256 && this.#ours.get(row.sha256) === row) this.#ours.delete(row.sha256);
    if (this.rows.length === 0) this.began = this.ended = this.resumed = 0;
    void this.ports.keep.forget(gone).catch(() => {});
    this.changed();
  }

  /** Send nothing more and leave what is kept for another time. */
  close(): void {
    this.#patience.stop();
    this.#leave();
  }

  /** Their rows; those that an earlier page lost get their files back. */
  #takeSome(chosen: Chosen[], site: string): Row[] {
    const lost = new Map(this.rows.filter((row) => row.missing).map((row) => [`${row.size} ${row.path}`, row]));
    return chosen.map(({ file, path }) => {
      const { size } = file;
      const row = lost.get(`${size} ${path}`);
      if (row?.missing) this.#again(row, file);
      return row ?? this.#take({ id: this.ports.newId(), path, size, site, file, state: 'waiting', sent: 0 });
    });
  }

  #take(row: Row): Row {
    this.#ledger.add(row);
    if (row.size === 0) this.#settle(row, { state: 'failed', reason: 'The file is empty.' });
    else this.#unread.push(row);
    return row;
  }

  #again(row: Row, file: Blob | null): void {
    const state = row.sha256 ? 'read' : 'waiting';
    this.#ledger.change(row, { file, state, reason: undefined, again: false, missing: false, sent: 0 });
    (row.sha256 ? this.#read : this.#unread).push(row);
  }

  #go(): void {
    if (this.counts.open > 0 && (this.began === 0 || this.ended > 0)) {
      this.began = Date.now();
      this.base = this.counts.sent;
      this.ended = 0;
    }
    if (this.place === 'sending') this.#turn();
    else if (!this.#asked && this.counts.open > 0) void this.#lead(false);
    this.changed();
  }

  /** Ask for the right to send, and hold it until nothing is left to send. */
  async #lead(resume: boolean): Promise<void> {
    this.#asked = true;
    const others = () => {
      this.place = 'others';
      this.changed();
    };
    await this.ports.lead(async (waited) => {
      if (this.#patience.signal.aborted) return;
      const left = new Promise<void>((resolve) => (this.#leave = resolve));
      if (resume || waited) await this.#restore();
      this.place = 'sending';
      this.#go();
      await left;
    }, others);
    this.place = 'idle';
    this.#asked = false;
    if (!this.#patience.signal.aborted) this.#go();
  }

  /** Take over what an earlier page left unfinished; what is finished altogether is forgotten. */
  async #restore(): Promise<void> {
    const here = new Set(this.rows.map((row) => row.id));
    const left = (await this.ports.keep.load().catch(() => [])).filter((row) => !here.has(row.id));
    if (!left.some((row) => isOpen(row) || row.again || row.missing)) return this.ports.keep.forget(left);
    for (const row of left) {
      if ((isOpen(row) || row.again) && row.file === null) Object.assign(row, MISSING, { again: false });
      this.#ledger.add(row);
      if (isOpen(row)) (row.sha256 ? this.#read : this.#unread).push(row);
      else if (row.sha256 && row.state === 'stored') this.#ours.set(row.sha256, row);
    }
    this.resumed = left.filter(isOpen).length;
  }

  /** Start whatever can be started now. */
  #turn(): void {
    this.changed();
    if (this.counts.open === 0) return this.#end();
    if (this.paused || this.place !== 'sending' || this.#patience.signal.aborted) return;
    while (this.#reading < READERS && this.#unread.length > 0) void this.#fingerprint(this.#unread.shift() as Row);
    if (!this.#asking && this.#read.length >= this.#worthAsking) void this.#ask(this.#read.splice(0, ASK_AT_ONCE));
    while (this.#lanes < LANES && this.#ready.length > 0) void this.#send(this.#batch());
  }

  /** How many checksums make a question: few while nothing is being sent, many otherwise, the rest at the end. */
  get #worthAsking(): number {
    if (this.#reading === 0) return 1;
    return this.#lanes < LANES ? FILES_AT_ONCE : ASK_AT_ONCE;
  }

  #end(): void {
    this.ended ||= Date.now();
    this.full = false;
    this.#leave();
  }

  async #fingerprint(row: Row): Promise<void> {
    this.#reading++;
    this.#ledger.change(row, { state: 'reading' });
    const print = await this.ports.read(row.file as Blob).catch(() => undefined);
    this.#reading--;
    if (row.state === 'reading') {
      if (!print) this.#settle(row, { ...MISSING, reason: 'The file cannot be read any more. Choose it again.' });
      else if (!print.picture) this.#settle(row, { state: 'failed', reason: NO_PICTURE });
      else {
        this.#ledger.change(row, { state: 'read', sha256: print.sha256 });
        this.#read.push(row);
      }
      if (!isOpen(row)) this.#remember([row]);
    }
    this.#turn();
  }

  async #ask(rows: Row[]): Promise<void> {
    this.#asking = true;
    for (const row of rows) this.#ledger.change(row, { state: 'asked' });
    try {
      const checksums = [...new Set(rows.map((row) => row.sha256 as string))];
      const known = await this.#patience.run(() => this.ports.known(checksums));
      for (const row of rows) if (row.state === 'asked') this.#sort(row, known.get(row.sha256 as string));
    } catch (cause) {
      this.#fail(rows, 'asked', cause);
    }
    this.#asking = false;
    this.#remember(rows);
    this.#turn();
  }

  /** What the project has already is through; a picture in its trash is sent, which restores it. */
  #sort(row: Row, found: Known | undefined): void {
    if (!found || found.trashed) {
      this.#ledger.change(row, { state: 'ready', reason: found && 'It was in the trash and is restored.' });
      this.#ready.push(row);
    } else {
      // Where we sent it and the answer was lost, it is ours.
      this.#arrive(row, { outcome: row.flown ? 'stored' : 'duplicate', reason: null, image: null });
      row.imageId = found.imageId;
      void this.#answers.follow(this.#patience.signal);
    }
  }

  /** The next files for one request: few, not too many bytes, of one site. */
  #batch(): Batch {
    const { site } = this.#ready[0] as Row;
    const rows: Row[] = [];
    let bytes = 0;
    for (const row of this.#ready) {
      bytes += row.size;
      const full = rows.length === FILES_AT_ONCE || bytes > BYTES_AT_ONCE || row.site !== site || row.alone;
      if (full && rows.length > 0) break;
      rows.push(row);
      if (row.alone) break;
    }
    this.#ready.splice(0, rows.length);
    return { key: this.ports.newId(), site, rows };
  }

  async #send(batch: Batch): Promise<void> {
    this.#lanes++;
    const { rows } = batch;
    const resent = new Set(rows.filter((row) => row.flown));
    for (const row of rows) this.#ledger.change(row, { state: 'sending', flown: true });
    try {
      await this.ports.keep.update(rows).catch(() => {});
      const told = await this.#patience.run((signal) =>
        this.ports.send(batch, (bytes) => this.#progress(batch, bytes), signal),
      );
      if (told.length !== rows.length)
        throw new Problem(502, `The server spoke of ${told.length} of ${rows.length} files.`);
      rows.forEach((row, index) => this.#hear(row, told[index] as Told, resent.has(row)));
      void this.#answers.follow(this.#patience.signal);
    } catch (cause) {
      if (rows.length > 1 && [413, 500].includes(problem(cause).status)) this.#part(batch);
      else this.#fail(rows, 'sending', cause);
    }
    this.#lanes--;
    this.#remember(rows);
    this.#turn();
  }

  /** What came earlier than the same file sent anew was ours too, unless it lay in the trash. */
  #hear(row: Row, told: Told, resent: boolean): void {
    if (row.state !== 'sending') return;
    const ours = resent && told.outcome === 'duplicate' && !row.reason;
    this.#arrive(row, ours ? { ...told, outcome: 'stored' } : told);
  }

  /** Write down what became of a file; of several with the same bytes only one counts as stored. */
  #arrive(row: Row, { outcome, reason, image }: Told): void {
    const sha = row.sha256 as string;
    const twin = outcome === 'stored' && (this.#ours.get(sha) ?? row) !== row;
    const state = twin ? 'duplicate' : outcome;
    if (state === 'stored') this.#ours.set(sha, row);
    this.#settle(row, { state, reason: reason ?? row.reason ?? (state === 'duplicate' ? HERE : undefined) });
    if (image) this.#answer(row, image);
  }

  /** What the stored picture is now; the same pixels in another file are a duplicate too. */
  #answer(row: Row, image: Answer): void {
    this.#ledger.change(row, { imageId: image.id, status: image.status, shown: image.shown });
    if (image.status === 'unreadable') row.reason = `Stored, but damaged: ${image.reason ?? 'it cannot be read.'}`;
    if (image.status === 'duplicate' && row.state === 'stored')
      this.#ledger.change(row, { state: 'duplicate', reason: 'The same picture is here already, in another file.' });
    this.changed();
  }

  /** Spread the bytes of a request over its files, in their order. */
  #progress(batch: Batch, bytes: number): void {
    let left = bytes;
    for (const row of batch.rows) {
      const sent = Math.max(0, Math.min(row.size, left));
      left -= row.size;
      if (row.state === 'sending' && sent !== row.sent) this.#ledger.change(row, { sent });
    }
    this.changed();
  }

  /** One file of several may be what the server cannot take: each goes alone now. */
  #part({ rows }: Batch): void {
    const sent = rows.filter((row) => row.state === 'sending');
    for (const row of sent) this.#ledger.change(row, { state: 'ready', alone: true, sent: 0 });
    this.#ready.unshift(...sent);
  }

  #fail(rows: Row[], state: 'asked' | 'sending', cause: unknown): void {
    const { detail, hint } = problem(cause);
    for (const row of rows)
      if (row.state === state) this.#settle(row, { state: 'failed', reason: `${detail} ${hint}`.trim(), again: true });
  }

  #settle(row: Row, changes: Partial<Row>): void {
    this.#ledger.change(row, { sent: 0, ...changes });
    if (!row.again) row.file = null;
  }

  #remember(rows: Row[]): void {
    if (!this.#patience.signal.aborted) void this.ports.keep.update(rows).catch(() => {});
  }
}

const HERE = 'The project has this picture already.';
const NO_PICTURE = 'This is no picture that can be read: JPEG, PNG, WebP, TIFF, BMP and GIF can.';
const MISSING = {
  state: 'failed',
  missing: true,
  reason: 'The page was closed before this file was sent. Choose it again: only what is missing is sent.',
} as const;
