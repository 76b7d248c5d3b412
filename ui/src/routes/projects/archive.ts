/** An archive on its way to the server, and what the server says it would read from it. */
import { HEADERS, problem, type Job, type Problem } from '$/api/client';
import { session } from '$/app/session.svelte';
import { counted } from '$/app/words';

export interface Sending {
  project: string;
  file: File;
  dryRun: boolean;
  newClasses: boolean;
  signal: AbortSignal;
  /** Told the share 0..1 that has left this machine. */
  onprogress: (share: number) => void;
}

/** Send the archive and get the job that reads it; waits where somebody has to sign in again. Throws a Problem. */
export async function sendArchive(sending: Sending): Promise<Job> {
  for (;;) {
    const { status, body } = await send(sending);
    if (status === 202) return body as Job;
    if (status !== 401) throw problem(body, status);
    await session.again();
  }
}

/** With XMLHttpRequest, as fetch does not tell how much of a body has left. */
function send(sending: Sending): Promise<{ status: number; body: unknown }> {
  const query = `dry_run=${sending.dryRun}&new_classes=${sending.newClasses}`;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/projects/${encodeURIComponent(sending.project)}/imports?${query}`);
    for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
    request.setRequestHeader('Content-Type', 'application/zip');
    request.upload.onprogress = ({ loaded, total }) => sending.onprogress(total ? loaded / total : 0);
    request.onload = () => resolve({ status: request.status, body: parsed(request.responseText) });
    request.onerror = () => reject(problem(null));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    sending.signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(sending.file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** A refusal in words; the server knows the archive only under a name of its own. */
export function refusal({ detail, hint }: Problem, file: string): string {
  return `${detail.replace(/\b[0-9a-z]{26}\.zip\b/g, () => file)} ${hint}`.trim();
}

/** What an import would do, as a dry run writes it into its job. */
export interface Plan {
  layout: string;
  pictures: number;
  labelled: number;
  classes: Record<string, number>;
  new_classes: string[];
  splits: Record<string, Record<string, number>>;
  sites: number;
  skipped_count: number;
  skipped: { path: string; reason: string }[];
}

/** What an import did. */
export interface Outcome {
  total: number;
  stored: number;
  duplicate: number;
  failed: number;
  failures: { path: string; reason: string }[];
}

const LAYOUTS: Record<string, string> = {
  classes: 'One folder per class',
  splits: 'Folders for training and testing, with one folder per class inside',
  table: 'A table that names the pictures and their classes',
  flat: 'Pictures without class folders: they come in without labels',
};

/** How the archive is laid out, in words. */
export function layoutInWords(kind: string): string {
  return LAYOUTS[kind] ?? kind;
}

/** What one presses: "Import 120 pictures and add 3 classes". */
export function importInWords({ pictures, new_classes: fresh }: Plan): string {
  const adding = fresh.length ? ` and add ${counted(fresh.length, 'class', 'classes')}` : '';
  return `Import ${counted(pictures, 'picture')}${adding}`;
}

/** How many files were left out for each reason, the most frequent first. */
export function reasons(skipped: Plan['skipped']): { reason: string; n: number; example: string }[] {
  const found = new Map<string, { reason: string; n: number; example: string }>();
  for (const { path, reason } of skipped) {
    const row = found.get(reason);
    if (row) row.n++;
    else found.set(reason, { reason, n: 1, example: path });
  }
  return [...found.values()].sort((a, b) => b.n - a.n);
}
