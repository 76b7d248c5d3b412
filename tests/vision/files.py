"""Pictures and hostile files, made on the spot for the vision tests."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Pixels

Turn = Image.Transpose
UNTURN = {
    2: Turn.FLIP_LEFT_RIGHT,
    3: Turn.ROTATE_180,
    4: Turn.FLIP_TOP_BOTTOM,
    5: Turn.TRANSPOSE,
    6: Turn.ROTATE_90,
    7: Turn.TRANSVERSE,
    8: Turn.ROTATE_270,
}


def scene(width: int = 96, height: int = 64, *, seed: int = 0) -> Pixels:
    """Smooth colours with some texture, different in every corner."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return np.array(coarse.resize((width, height), Image.Resampling.BICUBIC))


def noisy(width: int, height: int, *, seed: int = 0) -> Pixels:
    """A scene with film grain, as photographs have."""
    grain = np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    return np.clip(scene(width, height, seed=seed) + grain, 0, 255).astype(np.uint8)


def save(pixels: NDArray[Any] | Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1, *, taken: str = "2024:05:06 07:08:09", zone: str = "") -> Image.Exif:
    """EXIF as a phone writes it: an orientation, a time, an author and a place."""
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x013B] = "Jane Author"
    found.get_ifd(0x8769)[0x9003] = taken
    if zone:
        found.get_ifd(0x8769)[0x9011] = zone
    found.get_ifd(0x8825)[1] = "N"
    found.get_ifd(0x8825)[29] = "GPSDATE1999"
    return found


def turned(pixels: Pixels, kind: str, orientation: int, **options: Any) -> bytes:
    """A file that stores `pixels` sideways, mirrored or both, and says so in EXIF."""
    image = Image.fromarray(pixels)
    stored = image if orientation == 1 else image.transpose(UNTURN[orientation])
    return save(stored, kind, exif=exif(orientation), **options)


def chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def png(width: int, height: int, *, bits: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG from its raw rows (each with its filter byte)."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + extra + body + chunk(b"IEND", b"")


def deep_png(values: NDArray[np.uint16], *, extra: bytes = b"") -> bytes:
    """A 16-bit PNG of (height, width) greys or (height, width, 3) colours."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(width, height, bits=16, colour=0 if values.ndim == 2 else 2, rows=rows, extra=extra)


def many_scans(count: int, *, side: int = 64) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are `count`."""
    honest = save(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    last = honest[honest.rfind(b"\xff\xda") : -2]
    return honest[:-2] + last * (count - honest.count(b"\xff\xda")) + b"\xff\xd9"


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def after_start(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments right behind its start."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]
