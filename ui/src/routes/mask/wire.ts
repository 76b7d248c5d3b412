/** What the server knows of a picture's mask, and the requests that change it. */
import { api, HEADERS, must, patient, problem, type Image, type ImageDetail, type Schemas } from '$/api/client';
import { cut } from './paint';
import { decode, encode, type Grey } from './png';
import { Pyramid } from './pyramid';
import type { Size } from './raster';

export const NOTHING = 'nothing';

/** A picture that can be masked: its size is known. */
export type Picture = ImageDetail & Size;
export type Source = 'human' | 'model';

export type Geometry = Schemas['Geometry'];
export type Measurements = Schemas['Measurements'];

const root = (image: Image) => `/api/v1/images/${image.id}`;

/** The model's probability of every class; a class that its version does not know has none anywhere. */
export function maps(image: Picture, classes: readonly string[], signal: AbortSignal): Promise<Pyramid[]> {
  const known = Object.keys(image.prediction?.probabilities ?? {});
  return Promise.all(
    classes.map(async (name) => {
      if (!known.includes(name)) return new Pyramid(new Uint8Array(image.width * image.height), image);
      const query = new URLSearchParams({ class: name });
      const { data, width, height } = await decode(await bytes(`${root(image)}/map?${query}`, signal));
      return new Pyramid(data, { width, height });
    }),
  );
}

/** The mask that a person drew; undefined where nobody did. */
export async function drawn(image: Picture, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (image.label === null) return undefined;
  if (!image.mask) return new Uint8Array(image.width * image.height);
  return (await decode(await bytes(`${root(image)}/mask?source=human&format=index`, signal))).data;
}

/** Lengths and widths, and the middle lines to draw. */
export function measurements(
  image: Image,
  options: { source: Source | 'best'; threshold?: number | undefined },
  signal: AbortSignal,
): Promise<Measurements> {
  const params = { path: { image_id: image.id }, query: { ...options, lines: true } };
  return must(api.GET('/api/v1/images/{image_id}/measurements', { params, signal })) as Promise<Measurements>;
}

/** Save a mask drawn by the person who looked at `image`; where only the model has spoken since, it counts. */
export async function save(image: Image, mask: Grey): Promise<Image> {
  const file = await encode(mask);
  try {
    return await put(image, file, image.revision);
  } catch (cause) {
    if (problem(cause).status !== 409) throw cause;
    const now = await must(api.GET('/api/v1/images/{image_id}', { params: { path: { image_id: image.id } } }));
    if (now.label !== image.label || now.mask !== image.mask || now.trashed_at !== image.trashed_at) throw cause;
    return put(image, file, now.revision);
  }
}

/** Say how many pixels make a millimetre; null leaves it to the project. */
export function scale(image: Image, pxPerMm: number | null): Promise<Image> {
  const params = { path: { image_id: image.id } };
  return must(api.PUT('/api/v1/images/{image_id}/scale', { params, body: { px_per_mm: pxPerMm } }));
}

/** Pixels at or above a threshold, as a share of a picture with one class: counted once, read at every threshold. */
export function shares(map: Pyramid): (threshold: number) => number {
  const above = new Float64Array(257);
  for (const value of map.data) above[value]!++;
  for (let value = 255; value >= 0; value--) above[value]! += above[value + 1]!;
  return (threshold) => above[cut(threshold)]! / map.data.length;
}

async function put(image: Image, file: Uint8Array<ArrayBuffer>, revision: number): Promise<Image> {
  const sent = { method: 'PUT', body: file, headers: { 'content-type': 'image/png' } };
  return (await ask(`${root(image)}/mask?revision=${revision}`, sent)).json();
}

async function bytes(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await ask(path, { signal })).arrayBuffer());
}

async function ask(path: string, init: RequestInit & { signal?: AbortSignal | undefined }): Promise<Response> {
  const { signal, ...rest } = init;
  let answer: Response;
  try {
    const headers = { ...HEADERS, ...(init.headers as Record<string, string>) };
    answer = await patient(new Request(path, { ...rest, headers, ...(signal && { signal }) }));
  } catch (cause) {
    throw signal?.aborted ? cause : problem(undefined);
  }
  if (!answer.ok) throw problem(await answer.json().catch(() => undefined), answer.status);
  return answer;
}
