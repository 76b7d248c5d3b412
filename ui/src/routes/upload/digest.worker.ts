/** Reads files beside the page, so that the page stays quick. */
import { digest } from './digest';

self.onmessage = async ({ data }: MessageEvent<{ id: number; file: Blob }>) => {
  try {
    self.postMessage({ id: data.id, print: await digest(data.file) });
  } catch {
    self.postMessage({ id: data.id });
  }
};
