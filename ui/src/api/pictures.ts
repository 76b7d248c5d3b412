/** What can be said of one picture, and the requests that say it. `revision` is the one the person looked at. */
import { api, must, Problem, type Image } from './client';

const of = (image: Image) => ({ path: { image_id: image.id } });

/**
 * Say what it shows; null takes the human word back. Where the picture was changed since the person looked at it, but
 * no other person said anything, the word counts: only the model has spoken meanwhile.
 */
export async function label(image: Image, value: string | null, options: { checked?: boolean } = {}): Promise<Image> {
  const say = (revision: number | undefined) =>
    must(api.PUT('/api/v1/images/{image_id}/label', { params: of(image), body: { value, revision } }));
  if (options.checked === false) return say(undefined);
  try {
    return await say(image.revision);
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.status !== 409) throw cause;
    const now = await must(api.GET('/api/v1/images/{image_id}', { params: of(image) }));
    if (now.label !== image.label || now.mask !== image.mask || now.trashed_at !== image.trashed_at) throw cause;
    return say(now.revision);
  }
}

/** Say again what people had said when this picture was looked at: the mask, the word, or nothing at all. */
export function asBefore(image: Pick<Image, 'id' | 'label' | 'mask'>): Promise<Image> {
  const path = { image_id: image.id };
  if (image.mask)
    return must(api.PUT('/api/v1/images/{image_id}/mask', { params: { path, query: { of: image.mask } } }));
  return must(api.PUT('/api/v1/images/{image_id}/label', { params: { path }, body: { value: image.label } }));
}

/** Say that what is shown is right. */
export function verify(image: Image): Promise<Image> {
  return must(api.POST('/api/v1/images/{image_id}/verify', { params: of(image), body: { revision: image.revision } }));
}

/** Not satisfied: it comes first in review until somebody says what it shows. */
export function doubt(image: Image): Promise<Image> {
  return must(api.POST('/api/v1/images/{image_id}/feedback', { params: of(image), body: { satisfied: false } }));
}

export function trash(image: Image): Promise<Image> {
  return must(api.DELETE('/api/v1/images/{image_id}', { params: of(image) }));
}

export function restore(image: Image): Promise<Image> {
  return must(api.POST('/api/v1/images/{image_id}/restore', { params: of(image) }));
}
