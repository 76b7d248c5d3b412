/** Where a picture stands in its frame: `scale` 1 fits it in, `x` and `y` move it, in CSS pixels of the frame. */
export interface Stand {
  scale: number;
  x: number;
  y: number;
}
export interface Size {
  width: number;
  height: number;
}

export const FITTED: Stand = { scale: 1, x: 0, y: 0 };
export const MOST = 16;

/** Zoom by `factor` while the point (px, py) of the frame keeps showing the same place of the picture. */
export function zoomed(stand: Stand, factor: number, point: { x: number; y: number }, frame: Size): Stand {
  const scale = Math.min(MOST, Math.max(1, stand.scale * factor));
  const by = scale / stand.scale;
  return held({ scale, x: point.x - (point.x - stand.x) * by, y: point.y - (point.y - stand.y) * by }, frame);
}

/** Move by (dx, dy), never so far that the frame is left empty. */
export function moved(stand: Stand, dx: number, dy: number, frame: Size): Stand {
  return held({ ...stand, x: stand.x + dx, y: stand.y + dy }, frame);
}

function held({ scale, x, y }: Stand, { width, height }: Size): Stand {
  const within = (value: number, side: number) => Math.min(0, Math.max(side * (1 - scale), value)) + 0;
  return { scale, x: within(x, width), y: within(y, height) };
}
