/** Where a picture stands in its frame: fitted until somebody zooms, then wherever they left it. */
import type { Point, Size } from './raster';

/** `scale` CSS pixels for each pixel of the picture, whose corner stands at (`x`, `y`) of the frame. */
export interface Stand extends Point {
  scale: number;
}

const LARGEST = 40; // CSS pixels per pixel of the picture
const FIT = 8; // so much a tiny picture is enlarged to fit

export function fitted(frame: Size, picture: Size): Stand {
  const scale = Math.min(FIT, frame.width / picture.width, frame.height / picture.height);
  return held({ scale, x: 0, y: 0 }, frame, picture);
}

/** Zoom by `factor` while the place of the picture under `point` of the frame stays there. */
export function zoomed(stand: Stand, factor: number, point: Point, frame: Size, picture: Size): Stand {
  const least = fitted(frame, picture).scale;
  const scale = Math.max(least, Math.min(Math.max(LARGEST, least), stand.scale * factor));
  const by = scale / stand.scale;
  return held({ scale, x: point.x - (point.x - stand.x) * by, y: point.y - (point.y - stand.y) * by }, frame, picture);
}

/** As near as the frame can be kept full; a side that has room is centred. */
export function held({ scale, x, y }: Stand, frame: Size, picture: Size): Stand {
  const keep = (value: number, room: number) => (room > 0 ? room / 2 : Math.min(0, Math.max(room, value)) + 0);
  return {
    scale,
    x: keep(x, frame.width - picture.width * scale),
    y: keep(y, frame.height - picture.height * scale),
  };
}

export class View {
  frame = $state.raw<Size>({ width: 1, height: 1 });
  #chosen = $state.raw<Stand>();
  readonly #picture: () => Size;

  constructor(picture: () => Size) {
    this.#picture = picture;
  }

  get picture(): Size {
    return this.#picture();
  }
  get stand(): Stand {
    return this.#chosen ? held(this.#chosen, this.frame, this.picture) : fitted(this.frame, this.picture);
  }
  /** Whether more than the whole picture could be seen. */
  get near(): boolean {
    return this.stand.scale > fitted(this.frame, this.picture).scale * 1.001;
  }

  fit(): void {
    this.#chosen = undefined;
  }
  zoom(factor: number, at: Point = { x: this.frame.width / 2, y: this.frame.height / 2 }): void {
    const next = zoomed(this.stand, factor, at, this.frame, this.picture);
    this.#chosen = next.scale === fitted(this.frame, this.picture).scale ? undefined : next;
  }
  /** One CSS pixel for each pixel of the picture. */
  exact(at?: Point): void {
    this.zoom(1 / this.stand.scale, at);
  }
  move(dx: number, dy: number): void {
    if (this.near) this.#chosen = { ...this.stand, x: this.stand.x + dx, y: this.stand.y + dy };
  }
  /** The place of the picture at a point of the frame. */
  within(point: Point): Point {
    const { scale, x, y } = this.stand;
    return { x: (point.x - x) / scale, y: (point.y - y) / scale };
  }
}
