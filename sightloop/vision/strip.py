"""The same picture without what it says about people and places: GPS, times, names, comments, hidden previews.

| type | how | the picture |
|---|---|---|
| JPEG | segments dropped; JFIF, colour profile and Adobe segments kept; all behind the end cut off | same bytes |
| PNG | only chunks that make pixels kept | same bytes |
| WebP | EXIF, XMP and unknown chunks dropped, flags cleared | same bytes |
| GIF | comments, plain text and application blocks but the loop count dropped | same bytes, all frames |
| TIFF | first page written anew with deflate, upright | same values; rare modes as 8-bit RGB |
| BMP | written anew as 24-bit | same pixels as decoded |

Where EXIF turned the picture, an EXIF block of 26 bytes that says only so is kept.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

from PIL import Image

from sightloop.core.errors import BadImage
from sightloop.vision import decode, depth, exif, headers, jpeg

_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs cICP acTL fcTL fdAT".split()  # pixels and colour
)
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_TIFF_MODES = frozenset(("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "I", "F"))
_HAS_EXIF, _HAS_XMP = 0x08, 0x04
_GIF_IMAGE, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, 0x3B
_GIF_CONTROL, _GIF_APPLICATION = 0xF9, 0xFF


def strip(data: bytes, media_type: str | None = None) -> bytes:
    """A file of the same type that shows the same picture and says nothing else.

    Args:
        data: the file.
        media_type: the stored type, where the caller wants it checked against the content.

    Raises:
        BadImage: not a picture this product reads. A damaged body is not noticed here; decode says so.
    """
    header = decode.probe(data)
    if media_type is not None and media_type != header.media_type:
        raise BadImage(f"the file is {header.media_type}, not {media_type}.", hint="Ask for its stored type.")
    try:
        return _STRIPPERS[header.media_type](data, header)
    except IndexError as error:
        raise BadImage(f"the {header.media_type} file ends inside a block.", hint="Upload the file again.") from error


def _jpeg(data: bytes, header: headers.Header) -> bytes:
    parts, kept_to, scanning = [b"\xff\xd8"], 2, False
    for segment in jpeg.segments(data):
        if scanning:  # compressed data of the scan before
            parts.append(data[kept_to : segment.start])
        scanning, kept_to = segment.marker == jpeg.SOS, segment.end
        parts.append(_kept(data, segment))
    if scanning:
        parts.append(data[kept_to:])
    if header.orientation != 1:
        block = b"Exif\0\0" + exif.orientation_only(header.orientation)
        first = 2 if parts[1].startswith(b"\xff\xe0") else 1  # JFIF stays in front
        parts.insert(first, b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block)
    return b"".join(parts)


def _kept(data: bytes, segment: jpeg.Segment) -> bytes:
    """The segment, the harmless part of it, or nothing."""
    payload = segment.payload(data)
    whole = data[segment.start : segment.end]
    if segment.marker == jpeg.APP0:
        if not payload.startswith(b"JFIF\0") or len(payload) < 14:
            return b""
        return b"\xff\xe0\x00\x10" + payload[:12] + b"\0\0"  # no thumbnail inside
    if segment.marker == jpeg.APP2:
        return whole if payload.startswith(b"ICC_PROFILE\0") else b""
    if segment.marker == jpeg.APP14:
        return b"\xff\xee\x00\x0e" + payload[:12] if payload.startswith(b"Adobe") and len(payload) >= 12 else b""
    described = jpeg.APP0 <= segment.marker <= 0xEF or segment.marker >= 0xF0
    return b"" if described else whole


def _png(data: bytes, header: headers.Header) -> bytes:
    parts = [headers.PNG_START]
    for chunk in headers.png_chunks(data):
        if chunk.name in _PNG_KEPT:
            parts.append(data[chunk.start : chunk.end])
        if chunk.name == b"IHDR" and header.orientation != 1:
            parts.append(_png_chunk(b"eXIf", exif.orientation_only(header.orientation)))
    return b"".join(parts)


def _png_chunk(name: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + name + payload + zlib.crc32(name + payload).to_bytes(4, "big")


def _webp(data: bytes, header: headers.Header) -> bytes:
    parts = []
    for chunk in headers.webp_chunks(data):
        whole = data[chunk.start : chunk.end]
        if chunk.name == b"VP8X":
            turned = _HAS_EXIF if header.orientation != 1 else 0
            parts.append(whole[:8] + bytes([whole[8] & ~(_HAS_EXIF | _HAS_XMP) | turned]) + whole[9:])
        elif chunk.name in _WEBP_KEPT:
            parts.append(whole)
    if header.orientation != 1:
        block = exif.orientation_only(header.orientation)
        parts.append(b"EXIF" + len(block).to_bytes(4, "little") + block)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _gif(data: bytes, header: headers.Header) -> bytes:  # noqa: ARG001  a GIF has no orientation
    at = 13 + _palette(data[10])
    parts = [data[:at]]
    while at < len(data) and data[at] != _GIF_END:
        start, kind = at, data[at]
        if kind == _GIF_IMAGE:
            at = _after_blocks(data, at + 11 + _palette(data[at + 9]))
        elif kind == _GIF_EXTENSION:
            at = _after_blocks(data, at + 2)
        else:
            raise BadImage(f"the GIF has an unknown block {kind:#04x}.", hint="Save it again.")
        loops = data[start + 1] == _GIF_APPLICATION and data[start + 3 : start + 11] == b"NETSCAPE"
        if kind == _GIF_IMAGE or data[start + 1] == _GIF_CONTROL or loops:
            parts.append(data[start:at])
    return b"".join([*parts, bytes([_GIF_END])])


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _again(data: bytes, header: headers.Header) -> bytes:
    out = io.BytesIO()
    if header.media_type == "image/bmp":
        Image.fromarray(decode.decode(data)).save(out, format="BMP")
        return out.getvalue()
    image = decode.opened(data, header)
    odd = image.mode.startswith("I;16") and (depth.bits(image) != 16 or depth.white_is_zero(image))
    if odd or image.mode not in _TIFF_MODES:
        bare = Image.fromarray(decode.decode(data))
    else:
        bare = Image.frombytes(image.mode, image.size, image.tobytes())
    if bare.mode == "P":
        bare.putpalette(image.getpalette() or [])
    bare.save(out, format="TIFF", compression="tiff_adobe_deflate")
    return out.getvalue()


_STRIPPERS: dict[str, Callable[[bytes, headers.Header], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/tiff": _again,
    "image/bmp": _again,
}
