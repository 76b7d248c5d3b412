"""JPEG files: their markers, and their pixels by libjpeg-turbo, scaled while decoding where that is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadImage
from sightloop.vision import exif

MAX_SCANS = 32  # 10 are usual, 24 the most that libjpeg's own scripts make; 50 million pixels cost about 20 ms a scan
MAX_SEGMENTS = 4_000  # a colour profile takes at most 255, the longest XMP a few hundred
FACTORS = (8, 4, 2)  # 5/8, 6/8 and 7/8 have no SIMD code and are slower than no scaling at all
SOS, EOI, APP0, APP1, APP2, APP14, COM = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF markers
SEQUENTIAL = frozenset((0xC0, 0xC1, 0xC3, 0xC9))
_MARKER = re.compile(rb"\xff([^\x00\x01-\xbf\xd0-\xd8\xff])")  # restarts, stuffing and reserved codes carry no length
_JUNK = "extraneous bytes before marker"
_MENDABLE = re.compile(f"{_JUNK}|JFIF revision")
_LEFT_OVER = re.compile(f"{_JUNK} 0xd9$")  # the end marker: by then every pixel was decoded without complaint
_HINT = "Export the picture again as an ordinary JPEG or PNG."


@dataclass(frozen=True)
class Segment:
    """A marker and the slice of the file it covers; for SOS that is its header without the compressed data."""

    marker: int
    start: int
    end: int

    def payload(self, data: bytes) -> bytes:
        return data[self.start + 4 : self.end]


@dataclass(frozen=True)
class Frame:
    """What the frame header says: size in pixels as stored, the number of colour components, and the EXIF facts."""

    width: int
    height: int
    components: int
    exif: exif.Exif


def segments(data: bytes) -> Iterator[Segment]:
    """The segments from SOI to EOI, junk between them skipped as libjpeg does.

    Raises:
        BadImage: the file ends inside a segment, or has more than 4,000 segments.
    """
    at = 2
    for _ in range(MAX_SEGMENTS):
        match = _MARKER.search(data, at)
        if match is None:
            return
        marker, start = match[1][0], match.start()
        if marker == EOI:
            yield Segment(EOI, start, start + 2)
            return
        at = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if at < start + 4 or at > len(data):
            raise BadImage("the JPEG ends inside its header or is damaged there.", hint="Upload the file again.")
        yield Segment(marker, start, at)
    raise BadImage(f"the JPEG has more than {MAX_SEGMENTS} segments.", hint=_HINT)


def frame(data: bytes) -> Frame:
    """Read the header, without looking at pixels.

    Raises:
        BadImage: no frame header, not 8 bits a channel, or more scans than any honest encoder writes.
    """
    facts = exif.Exif()
    size: tuple[int, int, int] | None = None
    progressive = many = False
    for segment in segments(data):
        payload = segment.payload(data)
        if segment.marker == APP1 and payload.startswith(b"Exif\0\0") and facts == exif.Exif():
            facts = exif.read(payload)
        elif segment.marker in FRAMES and len(payload) >= 6:
            if payload[0] != 8:
                raise BadImage(f"JPEG with {payload[0]} bits a channel; only 8 can be read.", hint=_HINT)
            progressive = segment.marker not in SEQUENTIAL
            size = int.from_bytes(payload[3:5], "big"), int.from_bytes(payload[1:3], "big"), payload[5]
        elif segment.marker == SOS:
            many = progressive or size is None or payload[:1] != bytes([size[2]])
            break
    if size is None:
        raise BadImage("the JPEG has no picture in it.", hint="Upload the file again.")
    if many:
        _refuse_many_scans(data)
    return Frame(*size, exif=facts)


def factor(width: int, height: int, *, shrink_to: int | None) -> int:
    """How many times smaller (1, 2, 4 or 8) the decoder may make a picture so that both sides stay `shrink_to`."""
    if shrink_to is None:
        return 1
    fits = (k for k in FACTORS if min(-(-width // k), -(-height // k)) >= shrink_to)
    return next(fits, 1)


def pixels(data: bytes, *, size: tuple[int, int], components: int) -> Pixels:
    """The pixels as stored (not turned), RGB; CMYK is read inverted, as Adobe and everybody after it writes it.

    Args:
        size: the width and height wanted: the picture's own divided by 1, 2, 4 or 8, rounded up.
        components: colour channels, from the frame header.

    Raises:
        BadImage: truncated or damaged. Junk between segments and odd JFIF revisions, common and harmless, are not.
    """
    found = _unpack(data, size=size, components=components)
    if isinstance(found, str) and _MENDABLE.search(found):
        data = _mended(data)
        found = _unpack(data, size=size, components=components)
    if isinstance(found, str) and _LEFT_OVER.search(found):
        found = _unpack(data, size=size, components=components, strict=False)
    if isinstance(found, str):
        raise BadImage(f"the JPEG is damaged or incomplete ({found}).", hint="Upload the file again.")
    return found


def _refuse_many_scans(data: bytes) -> None:
    if data.count(b"\xff\xda") <= MAX_SCANS:
        return
    scans = sum(segment.marker == SOS for segment in segments(data))
    if scans > MAX_SCANS:
        raise BadImage(f"progressive JPEG with {scans} scans; at most {MAX_SCANS} are read.", hint=_HINT)


def _unpack(data: bytes, *, size: tuple[int, int], components: int, strict: bool = True) -> Pixels | str:
    """The pixels, or libjpeg's first complaint."""
    inks = components == 4
    try:
        found: Pixels = simplejpeg.decode_jpeg(
            data, colorspace="CMYK" if inks else "RGB", min_width=size[0], min_height=size[1], strict=strict
        )
        if inks:
            return np.array(Image.frombytes("CMYK", size, np.invert(found).data).convert("RGB"))
    except ValueError as error:
        return str(error).strip()
    return found


def _mended(data: bytes) -> bytes:
    """The same file without junk between header segments and with a known JFIF revision."""
    parts = [b"\xff\xd8"]
    for segment in segments(data):
        whole = data[segment.start : segment.end]
        if segment.marker == SOS:
            return b"".join([*parts, data[segment.start :]])
        if segment.marker == APP0 and whole[4:9] == b"JFIF\0":
            whole = whole[:9] + b"\x01" + whole[10:]
        parts.append(whole)
    return data
