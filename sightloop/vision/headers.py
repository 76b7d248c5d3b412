"""What a file is and how large, from its first bytes, before any pixel is unpacked."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sightloop.core.errors import BadImage
from sightloop.vision import exif, jpeg

MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
MAX_CHUNKS = 100_000
PNG_START = b"\x89PNG\r\n\x1a\n"
FORMATS = ("JPEG", "PNG", "WebP", "TIFF", "BMP", "GIF")


@dataclass(frozen=True)
class Header:
    """A picture's size in pixels as people see it (turned upright), its true type, and when it was taken.

    `orientation` is EXIF's 1..8; `components` counts the colour channels of a JPEG.
    """

    width: int
    height: int
    media_type: str
    captured_at: float | None = None
    orientation: int = 1
    components: int = 3


@dataclass(frozen=True)
class Chunk:
    """A named part of a PNG or WebP file; `start` and `end` include its frame."""

    name: bytes
    start: int
    end: int
    payload: bytes


Size = tuple[int, int]
Found = tuple[int, int, exif.Exif, int]  # width and height as stored, EXIF, colour channels where known


def sniff(data: bytes) -> str:
    """The media type by content; names and declared types are not believed. Raises BadImage for any other format."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(PNG_START):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:2] == b"BM":
        return "image/bmp"
    what = "the file is empty" if not data else "this is not a picture in a known format"
    raise BadImage(f"{what}.", hint=f"Known formats: {', '.join(FORMATS)}.")


def read(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Read the header only.

    Raises:
        BadImage: another format, damaged, more than `max_pixels` pixels, a side over 20,000, or too many JPEG scans.
    """
    media_type = sniff(data)
    try:
        width, height, facts, channels = _READERS[media_type](data)
    except (struct.error, IndexError) as error:
        raise BadImage(f"the {media_type} file ends inside its header.", hint="Upload the file again.") from error
    check(width, height, max_pixels=max_pixels)
    if facts.orientation >= 5:
        width, height = height, width
    return Header(width, height, media_type, facts.captured_at, facts.orientation, channels)


def check(width: int, height: int, *, max_pixels: int) -> None:
    """Raise BadImage for a size that is nothing, or too much."""
    if width < 1 or height < 1:
        raise BadImage(f"the picture has no area ({width} x {height}).", hint="Upload the file again.")
    if width * height > max_pixels:
        raise BadImage(
            f"{width} x {height} is {width * height:,} pixels; at most {max_pixels:,} are read.",
            hint="Scale the picture down.",
        )
    if max(width, height) > MAX_SIDE:
        raise BadImage(
            f"{width} x {height} has a side over {MAX_SIDE:,} pixels.", hint="Scale the picture down or cut it."
        )


def png_chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks up to IEND; stops quietly where the file ends, as the decoder will say so."""
    at = len(PNG_START)
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            return
        length = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        light = name != b"IDAT"
        yield Chunk(name, at, at + 12 + length, data[at + 8 : at + 8 + length] if light else b"")
        at += 12 + length
        if name == b"IEND":
            return


def webp_chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks of the RIFF container, padding included in `end`."""
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        yield Chunk(data[at : at + 4], at, min(end, len(data)), data[at + 8 : at + 8 + length])
        at = end


def _jpeg(data: bytes) -> Found:
    found = jpeg.frame(data)
    return found.width, found.height, found.exif, found.components


def _png(data: bytes) -> Found:
    block = next((chunk.payload for chunk in png_chunks(data) if chunk.name == b"eXIf"), b"")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height, exif.read(block), 3


def _webp(data: bytes) -> Found:
    chunks = {chunk.name: chunk.payload for chunk in reversed(list(webp_chunks(data)))}
    return *_webp_size(chunks), exif.read(chunks.get(b"EXIF", b"")), 3


def _webp_size(chunks: dict[bytes, bytes]) -> Size:
    if b"VP8X" in chunks:
        body = chunks[b"VP8X"][4:10].ljust(6, b"\0")
        return 1 + int.from_bytes(body[:3], "little"), 1 + int.from_bytes(body[3:], "little")
    if b"VP8L" in chunks:
        bits = struct.unpack_from("<I", chunks[b"VP8L"], 1)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", chunks.get(b"VP8 ", b""), 6)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(data: bytes) -> Found:
    found = exif.tags(data)
    width, height = found.get(exif.WIDTH), found.get(exif.HEIGHT)
    if not isinstance(width, int) or not isinstance(height, int):
        raise BadImage("the TIFF does not say how large it is.", hint="Save it as an ordinary TIFF (not BigTIFF).")
    return width, height, exif.read(data), 3


def _gif(data: bytes) -> Found:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height, exif.Exif(), 3


def _bmp(data: bytes) -> Found:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return abs(width), abs(height), exif.Exif(), 3


_READERS: dict[str, Callable[[bytes], Found]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/tiff": _tiff,
    "image/gif": _gif,
    "image/bmp": _bmp,
}
