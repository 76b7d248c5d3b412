"""All that one look at a file tells: pixels for the model, and the facts kept with the picture."""

from __future__ import annotations

from sightloop.core.arrays import Pixels
from sightloop.core.entities import Facts
from sightloop.vision import decode, fingerprint, jpeg, quality, resize, thumbs
from sightloop.vision.headers import Header

FACTS_SIDE = 224
"""Facts are of `decode(data, shrink_to=FACTS_SIDE)`, whatever the model wants, so they never change with the model.

Measured on a 12-megapixel JPEG: facts of the full decode cost five times as much (83 against 17 CPU-ms). What this
gives up: two large JPEGs that differ only inside blocks of 8 x 8 pixels, with every block's mean the same, count as one
picture. Pictures with a short side under 447 pixels, and all formats but JPEG, are taken at full size.
"""


def examine(data: bytes, *, shrink_to: int | None = None) -> tuple[Pixels, Facts]:
    """Decode once where the model's size allows, else twice, and take down the facts.

    Returns:
        exactly `decode(data, shrink_to=shrink_to)`, and the facts, which do not depend on `shrink_to`.

    Raises:
        BadImage: not a picture that can be decoded safely.
    """
    header, looked_at = decode.read(data, shrink_to=FACTS_SIDE)
    same = header.media_type != "image/jpeg" or (
        jpeg.factor(header.width, header.height, shrink_to=shrink_to)
        == jpeg.factor(header.width, header.height, shrink_to=FACTS_SIDE)
    )
    pixels = looked_at if same else decode.decode(data, shrink_to=shrink_to)
    return pixels, _facts(header, looked_at)


def _facts(header: Header, pixels: Pixels) -> Facts:
    copy = resize.small(pixels)
    seen = quality.measure(copy)
    seen["aspect"] = round(header.width / header.height, 5)
    seen["megapixels"] = round(header.width * header.height / 1e6, 5)
    return Facts(
        width=header.width,
        height=header.height,
        media_type=header.media_type,
        pixel_hash=fingerprint.pixel_hash(pixels),
        phash=fingerprint.perceptual_hash(copy),
        quality=dict(seen),
        captured_at=header.captured_at,
        thumbnail=thumbs.thumbnail(copy),
    )
