"""A stranger's mask file to class indices: indices, black and white, or grey edges cut at half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Mask
from sightloop.core.errors import BadImage
from sightloop.vision import colours, decode, depth, headers

_HALF = 127


@dataclass(frozen=True)
class Read:
    """A (height, width) mask of class indices, and in a sentence what had to be decided to read it."""

    mask: Mask
    note: str | None = None


def read(data: bytes, *, classes: int, size: tuple[int, int] | None) -> Read:
    """Read a mask file of any picture format.

    Integers and palette indices that are all 0..`classes` are class indices. Otherwise, where there is one class,
    brightness over 127 of 255 is that class. 16-bit files, colours that are grey, the colours of `PALETTE`, and strokes
    on a transparent ground are understood; a lossy JPEG holds brightness only.

    Args:
        data: the file as it came.
        classes: how many there are, 1..255.
        size: (height, width) of the picture it belongs to; None takes any.

    Returns:
        the mask, upright whatever EXIF said, and a note where greys were cut.

    Raises:
        BadImage: no readable picture, of another size, in other colours, or with values that are no class.
    """
    header = headers.read(data)
    lossy = header.media_type == "image/jpeg"
    if lossy:
        values = colours.values(decode.decode(data))
    else:
        values = _values(decode.opened(data, header), data=data, classes=classes)
        turn = 1 if header.media_type == "image/tiff" else header.orientation  # Pillow turns a TIFF by itself
        values = decode.upright(values[..., None], orientation=turn)[..., 0]
    if size is not None and values.shape != size:
        raise BadImage(
            f"mask is {values.shape[1]} × {values.shape[0]}, its picture {size[1]} × {size[0]} pixels.",
            hint="A mask has its picture's own size.",
        )
    return _classed(values, classes=classes, lossy=lossy)


def _classed(values: NDArray[np.uint8], *, classes: int, lossy: bool) -> Read:
    counts = np.array(Image.fromarray(values).histogram())
    seen = np.flatnonzero(counts)
    if seen[-1] <= classes and not lossy:
        return Read(np.ascontiguousarray(values))
    if classes > 1 or (seen[-1] <= _HALF and not lossy):
        raise _no_index(seen[seen > classes], classes=classes)
    grey = values.size - int(counts[0]) - int(counts[255])
    note = f"{grey:,} grey pixels taken as foreground or background at half." if grey else None
    return Read((values > _HALF).view(np.uint8), note)


def _no_index(strange: NDArray[np.int64], *, classes: int) -> BadImage:
    some = ", ".join(str(value) for value in strange[:8]) + ("…" if len(strange) > 8 else "")
    wanted = "Save 0 and 1, or black and white." if classes == 1 else "Save each pixel's class index."
    return BadImage(f"mask has the value {some}, and class indices are 0..{classes}.", hint=wanted)


def _values(image: Image.Image, *, data: bytes, classes: int) -> NDArray[np.uint8]:
    """(height, width) indices or brightness, as stored."""
    if image.mode in ("1", "L"):
        return np.array(image, dtype=np.uint8)
    if image.mode == "P":
        return _from_palette(image, classes=classes)
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.mode in ("LA", "PA", "RGBA"):
        return _from_clear(np.asarray(image.convert("RGBA")))
    if image.mode == "RGB":
        return colours.values(np.asarray(image))
    return colours.values(np.asarray(depth.rgb(image, data=data)))


def _from_palette(image: Image.Image, *, classes: int) -> NDArray[np.uint8]:
    """Indices if they can be classes, else colours; one class in plain black and white goes by what is seen."""
    indices = np.array(image)
    seen = np.flatnonzero(image.histogram())
    table = np.array(image.getpalette() or [], dtype=np.uint8).reshape(-1, 3)
    shown = np.zeros((256, 3), np.uint8)
    used = seen[seen < len(table)]
    shown[used] = table[used]
    plain = bool(np.isin(shown.sum(axis=1), (0, 765)).all())
    if seen[-1] <= classes and not (classes == 1 and plain):
        return indices
    found: NDArray[np.uint8] = colours.values(shown)[indices]
    return found


def _from_clear(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 4) RGBA over black; where only black, or only white, is drawn, what is drawn is the mask."""
    alpha = pixels[..., 3]
    drawn = alpha > _HALF
    values = colours.values(pixels[..., :3] * drawn[..., None])
    if drawn.all() or not drawn.any():
        return values
    ends = int(values[drawn].min()), int(values[drawn].max())
    return np.array(alpha) if ends in ((0, 0), (255, 255)) else values


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Deep integers and floats: up to 255 as they are (indices too), larger ones and shares of 1 as brightness."""
    numbers: NDArray[Any] = np.asarray(image)
    if not np.isfinite(numbers).all() or numbers.min() < 0 or depth.white_is_zero(image):
        raise BadImage("mask has values that are negative, no numbers, or counted from white.", hint="Save 8 bits.")
    most = float(numbers.max())
    if most > 255:
        tops = ((1 << depth.bits(image)) - 1, 65535, most)
        return np.rint(numbers * np.float32(255 / min(top for top in tops if top >= most))).astype(np.uint8)
    share = numbers.dtype.kind == "f" and most <= 1 and bool((numbers % 1).any())
    return np.rint(numbers * np.float32(255 if share else 1)).astype(np.uint8)
