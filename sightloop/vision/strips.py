"""Small pictures side by side with the masks that were drawn on them, for people to compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sightloop.core.arrays import Mask, Pixels
from sightloop.vision import encode, masks, resize

SIDE = 400
GAP = 6  # pixels between the pictures
LINE = 26  # pixels of a caption's height
PAPER, INK = 246, (60, 60, 60)


def strip(pixels: Pixels, drawn: Sequence[Mask], *, side: int = SIDE) -> Pixels:
    """A small copy of a picture, and beside it one more for each mask with that mask on it.

    Args:
        pixels: (height, width, 3).
        drawn: masks (height, width) of class indices.
        side: what the longest side of a copy has at most, in pixels.
    """
    photo = resize.small(pixels, side=side)
    size = photo.shape[0], photo.shape[1]
    gap = np.full((size[0], GAP, 3), PAPER, np.uint8)
    panels = [photo]
    for mask in drawn:
        panels += [gap, masks.overlay(photo, shrunk(mask, size), opacity=0.8)]
    return np.concatenate(panels, axis=1)


def shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask at a smaller (height, width) in which nothing is lost: a thin line stays a line, a point a point."""
    rows, columns = np.nonzero(mask)
    small = masks.empty(size)
    small[rows * size[0] // mask.shape[0], columns * size[1] // mask.shape[1]] = mask[rows, columns]
    return small


def sheet(strips: Sequence[Pixels], captions: Sequence[str]) -> bytes:
    """The strips below each other as WebP, each under its caption."""
    width = max(*(one.shape[1] for one in strips), *(round(_font().getlength(text)) + 8 for text in captions))
    rows = []
    for one, caption in zip(strips, captions, strict=True):
        paper = np.full((one.shape[0], width, 3), PAPER, np.uint8)
        paper[:, : one.shape[1]] = one
        rows += [_line(caption, width), paper]
    return encode.webp(np.concatenate(rows))


def _line(text: str, width: int) -> Pixels:
    image = Image.new("RGB", (width, LINE), (PAPER, PAPER, PAPER))
    ImageDraw.Draw(image).text((4, 5), text, fill=INK, font=_font())
    return np.array(image)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(14)
