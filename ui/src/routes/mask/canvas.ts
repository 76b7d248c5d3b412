/** A painter's pixels on a canvas over a frame: what is in view, at the screen's resolution. */
import type { Painter } from './paint';
import type { Size } from './raster';
import type { Stand } from './view.svelte';

const MOST = 2_000_000; // drawn pixels: on larger screens each becomes a few of theirs

export function draw(canvas: HTMLCanvasElement, frame: Size, stand: Stand, paint: Painter | undefined): void {
  const ratio = Math.min(devicePixelRatio, Math.sqrt(MOST / (frame.width * frame.height)));
  const [width, height] = [Math.max(1, Math.round(frame.width * ratio)), Math.max(1, Math.round(frame.height * ratio))];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const { scale, x, y } = stand;
  const step = frame.width / width / scale;
  fill(canvas, paint && ((target) => paint(target, { width, height, left: -x / scale, top: -y / scale, step })));
}

/** Fill a canvas as large as it is; without anything to fill it with it becomes clear. */
export function fill(canvas: HTMLCanvasElement, paint: ((target: Uint32Array) => void) | undefined): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const pixels = context.createImageData(canvas.width, canvas.height);
  paint?.(new Uint32Array(pixels.data.buffer));
  context.putImageData(pixels, 0, 0);
}
