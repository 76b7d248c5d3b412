/** What the queue asks of the server. */
import { api, must, type Schemas } from '$/api/client';
import { good, post } from '$/api/post';
import type { Answer, Batch, Known, Ports, Told } from './ports';

const LOOK_AT_ONCE = 100;

export function server(project: string): Pick<Ports, 'known' | 'send' | 'look'> {
  const path = { project };
  async function look(ids: string[], trashed?: boolean): Promise<Schemas['ImageShape'][]> {
    const query = { ids, limit: ids.length, ...(trashed === undefined ? {} : { trashed }) };
    return (await must(api.GET('/api/v1/projects/{project}/images', { params: { path, query } }))).items;
  }

  /** The project's word on trashed pictures is that it has them, so we look which of them those are. */
  async function known(checksums: string[]): Promise<Map<string, Known>> {
    const body = { checksums };
    const ids = await must(api.POST('/api/v1/projects/{project}/images/known', { params: { path }, body }));
    const all = Object.values(ids);
    const trashed = new Set<string>();
    for (let from = 0; from < all.length; from += LOOK_AT_ONCE)
      for (const image of await look(all.slice(from, from + LOOK_AT_ONCE), true)) trashed.add(image.id);
    return new Map(Object.entries(ids).map(([sha, imageId]) => [sha, { imageId, trashed: trashed.has(imageId) }]));
  }

  async function send(batch: Batch, progress: (bytes: number) => void, signal: AbortSignal): Promise<Told[]> {
    const form = new FormData();
    if (batch.site) form.append('site', batch.site);
    for (const row of batch.rows) form.append('files', row.file as Blob, nameOf(row.path));
    const headers = { 'Idempotency-Key': batch.key };
    const heard = await post(`/api/v1/projects/${encodeURIComponent(project)}/images`, form, {
      headers,
      progress,
      signal,
    });
    return report(heard.body)?.files ?? good<Schemas['UploadReport']>(heard).files;
  }

  return { known, send, look: (ids) => look(ids) as Promise<Answer[]> };
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A report also comes with 422, where not one of the files could be taken. */
function report(body: unknown): Schemas['UploadReport'] | undefined {
  const found = body as Schemas['UploadReport'] | undefined;
  return Array.isArray(found?.files) ? found : undefined;
}
