"""Exports show the same picture and tell nothing about people and places."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sightloop.core.errors import BadImage
from sightloop.vision import exif
from sightloop.vision.decode import decode, probe
from sightloop.vision.encode import strip
from tests.vision import files

SCENE = files.scene()
SECRETS = (b"Jane", b"GPSDATE", b"2024:05", b"a remark", b"secret", b"xmpmeta")
XMP = b"<x:xmpmeta>a remark</x:xmpmeta>"
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {"comment": b"a remark", "xmp": XMP}),
    "jpeg-progressive": ("JPEG", {"progressive": True, "comment": b"a remark"}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"xmp": XMP}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {"description": "a remark", "artist": "Jane"}),
}


def secretless(data: bytes) -> bool:
    return not any(secret in data for secret in SECRETS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), KINDS.values(), ids=KINDS)
def test_the_picture_stays_and_the_secrets_go(kind: str, options: dict[str, Any], orientation: int) -> None:
    full = files.turned(SCENE, kind, orientation, **options)
    bare = strip(full, probe(full).media_type)
    assert not secretless(full)
    assert secretless(bare)
    assert np.array_equal(decode(bare), decode(full))
    assert probe(bare).captured_at is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_stripping_twice_changes_nothing_more(kind: str) -> None:
    once = strip(files.turned(SCENE, kind, 6))
    assert strip(once) == once


def test_a_jpeg_keeps_its_compressed_data_to_the_byte() -> None:
    full = files.turned(SCENE, "JPEG", 6)
    bare = strip(full)
    assert bare[bare.index(b"\xff\xda") :] == full[full.rindex(b"\xff\xda") :]
    assert b"Exif\0\0" + exif.orientation_only(6) in bare


def test_an_upright_picture_keeps_no_exif_at_all() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        bare = strip(files.turned(SCENE, kind, 1))
        assert b"Exif" not in bare
        assert b"EXIF" not in bare
        assert b"eXIf" not in bare


def test_a_colour_profile_is_kept() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        bare = strip(files.save(SCENE, kind, icc_profile=b"profile" * 20, exif=files.exif()))
        assert (b"ICC_PROFILE" in bare) or (b"iCCP" in bare) or (b"ICCP" in bare)


def test_a_second_picture_behind_the_end_of_a_jpeg_goes() -> None:
    full = files.save(SCENE, "JPEG")
    assert strip(full + files.save(SCENE, "JPEG", exif=files.exif())) == strip(full)


def test_a_preview_inside_the_jfif_segment_goes() -> None:
    full = files.save(SCENE, "JPEG")
    jfif = b"JFIF\0\1\1\0\0\1\0\1\x02\x02" + b"secretsecret"
    bare = strip(full[:2] + files.segment(0xE0, jfif) + full[20:])
    assert secretless(bare)
    assert np.array_equal(decode(bare), decode(full))


def test_a_cmyk_jpeg_keeps_the_mark_that_tells_its_colours() -> None:
    full = files.save(Image.fromarray(SCENE).convert("CMYK"), "JPEG", comment=b"a remark")
    assert secretless(strip(full))
    assert np.array_equal(decode(strip(full)), decode(full))


def test_the_texts_of_a_png_go_and_its_frames_stay() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Jane")
    texts.add_itxt("k", "a remark", zip=False)
    full = files.save(SCENE, "PNG", pnginfo=texts, save_all=True, append_images=[Image.fromarray(255 - SCENE)])
    bare = strip(full + b"secret")
    assert secretless(bare)
    assert b"fdAT" in bare
    assert np.array_equal(decode(bare), SCENE)


def test_the_remarks_of_a_gif_go_and_its_frames_and_loop_stay() -> None:
    frames = [Image.fromarray(255 - SCENE), Image.fromarray(SCENE[::-1])]
    full = files.save(SCENE, "GIF", save_all=True, append_images=frames, loop=3, comment=b"a remark")
    bare = strip(full + b"secret")
    assert secretless(bare)
    assert b"NETSCAPE2.0\x03\x01\x03" in bare
    assert bare.count(b"\x21\xf9\x04") == full.count(b"\x21\xf9\x04")
    assert np.array_equal(decode(bare), decode(full))


def test_a_bmp_is_written_anew() -> None:
    full = files.save(SCENE, "BMP")
    assert np.array_equal(decode(strip(full + b"secret")), SCENE)
    assert secretless(strip(full + b"secret"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "F", "RGBA", "CMYK", "LA"])
def test_a_tiff_keeps_its_depth(mode: str) -> None:
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16
    image = {"I;16": Image.fromarray(ramp), "F": Image.fromarray(ramp.astype(np.float32))}.get(mode)
    full = files.save(image or Image.fromarray(SCENE).convert(mode), "TIFF", description="a remark")
    bare = strip(full)
    assert secretless(bare)
    assert np.array_equal(decode(bare), decode(full))


def test_a_white_is_zero_tiff_is_not_turned_round() -> None:
    full = files.save(Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000), "TIFF")
    at = full.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01")
    odd = full[: at + 8] + b"\0" + full[at + 9 :]
    assert np.array_equal(decode(strip(odd)), decode(odd))
    assert not np.array_equal(decode(odd), decode(full))


def test_a_lie_about_the_type_is_refused() -> None:
    with pytest.raises(BadImage, match="image/jpeg, not image/png"):
        strip(files.save(SCENE, "JPEG"), "image/png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_cut_file_is_stripped_or_refused_and_never_anything_else(kind: str) -> None:
    full = files.save(SCENE, kind)
    for end in range(1, len(full), 7):
        with suppress(BadImage):
            assert strip(full[:end])[:2] == full[:2]
