/** What can be said of one picture, and the requests that say it. `revision` is the one the person looked at. */
import { api, must, type Image } from './client';

const of = (image: Image) => ({ path: { image_id: image.id } });

/** Say what it shows; null takes the human word back. */
export function label(image: Image, value: string | null, options: { checked?: boolean } = {}): Promise<Image> {
  const revision = options.checked === false ? undefined : image.revision;
  return must(api.PUT('/api/v1/images/{image_id}/label', { params: of(image), body: { value, revision } }));
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
