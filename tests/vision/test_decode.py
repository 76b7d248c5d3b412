"""One loader for everybody: what it reads, how, and what it refuses."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sightloop.core.errors import BadImage
from sightloop.vision.decode import decode, probe
from tests.vision import files

SCENE = files.scene()
LOSSLESS: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("PNG", {}),
    "webp": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {}),
    "tiff-lzw": ("TIFF", {"compression": "tiff_lzw"}),
    "tiff-deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
}
SEEDS = [
    files.save(SCENE, "JPEG"),
    files.save(SCENE, "JPEG", progressive=True, exif=files.exif(6)),
    files.save(Image.fromarray(SCENE).convert("CMYK"), "JPEG"),
    files.save(SCENE, "PNG", exif=files.exif(6)),
    files.save(Image.fromarray(SCENE).convert("P"), "PNG", transparency=3),
    files.save(SCENE, "WEBP", exif=files.exif(6)),
    files.save(SCENE, "TIFF", compression="tiff_lzw"),
    files.save(SCENE, "BMP"),
    files.save(SCENE, "GIF"),
]


def far(a: Any, b: Any) -> float:
    """The mean difference in grey levels."""
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize(("kind", "options"), LOSSLESS.values(), ids=LOSSLESS)
def test_a_lossless_file_gives_exactly_its_pixels(kind: str, options: dict[str, Any]) -> None:
    found = decode(files.save(SCENE, kind, **options))
    assert found.dtype == np.uint8
    assert np.array_equal(found, SCENE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_pixels_are_contiguous_and_may_be_written_to(kind: str) -> None:
    found = decode(files.save(SCENE, kind))
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert far(found, SCENE) < 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), LOSSLESS.values(), ids=LOSSLESS)
def test_all_eight_orientations_come_upright(kind: str, options: dict[str, Any], orientation: int) -> None:
    data = files.turned(SCENE, kind, orientation, **options)
    assert np.array_equal(decode(data), SCENE)
    assert (probe(data).width, probe(data).height) == (96, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shrink_to", [None, 16])
def test_all_eight_orientations_of_a_jpeg_come_upright(orientation: int, shrink_to: int | None) -> None:
    data = files.turned(SCENE, "JPEG", orientation, quality=95)
    plain = decode(files.save(SCENE, "JPEG", quality=95), shrink_to=shrink_to)
    assert (probe(data).width, probe(data).height) == (96, 64)
    assert decode(data, shrink_to=shrink_to).shape == plain.shape
    assert far(decode(data, shrink_to=shrink_to), plain) < 4


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}])
def test_the_fast_jpeg_path_gives_what_pillow_gives(options: dict[str, Any]) -> None:
    image = Image.fromarray(files.noisy(101, 67))
    for mode in ("RGB", "L"):
        data = files.save(image.convert(mode), "JPEG", **options)
        assert np.array_equal(decode(data), as_pillow(data))


def test_a_cmyk_jpeg_is_read_inverted_as_adobe_writes_it() -> None:
    data = files.save(Image.fromarray(SCENE).convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    assert far(decode(data), SCENE) < 5
    assert np.array_equal(decode(data), as_pillow(data))


@pytest.mark.parametrize(
    ("shrink_to", "shape"),
    [(None, (300, 400)), (301, (300, 400)), (200, (300, 400)), (150, (150, 200)), (75, (75, 100)), (10, (38, 50))],
)
def test_a_jpeg_shrinks_by_halves_while_both_sides_stay(shrink_to: int | None, shape: tuple[int, int]) -> None:
    data = files.save(files.noisy(400, 300), "JPEG")
    assert decode(data, shrink_to=shrink_to).shape[:2] == shape


@pytest.mark.parametrize("size", [(401, 299), (33, 17), (16, 1), (1, 16), (1, 1)])
def test_odd_sizes_shrink_to_the_size_rounded_up(size: tuple[int, int]) -> None:
    data = files.save(files.noisy(*size), "JPEG")
    found = decode(data, shrink_to=1)
    assert found.shape[:2] == (-(-size[1] // 8), -(-size[0] // 8))


def test_shrinking_leaves_other_formats_alone() -> None:
    data = files.save(SCENE, "PNG")
    assert np.array_equal(decode(data, shrink_to=8), SCENE)


def test_decoding_is_a_pure_function_of_file_and_size() -> None:
    data = files.save(files.noisy(400, 300), "JPEG")
    assert np.array_equal(decode(data, shrink_to=75), decode(bytes(bytearray(data)), shrink_to=75))


def test_metadata_does_not_change_the_pixels() -> None:
    bare, full = (files.save(SCENE, "JPEG", **options) for options in ({}, {"exif": files.exif()}))
    assert bare != full
    assert np.array_equal(decode(bare), decode(full))


def test_the_first_frame_of_an_animation_is_the_picture() -> None:
    other = Image.fromarray(255 - SCENE)
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})):
        data = files.save(SCENE, kind, save_all=True, append_images=[other, other], **options)
        assert far(decode(data), SCENE) < 12, kind


def test_the_type_is_told_by_content() -> None:
    types = {kind: probe(files.save(SCENE, kind)).media_type for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")}
    assert list(types.values()) == ["image/jpeg", "image/png", "image/webp", "image/tiff", "image/bmp", "image/gif"]


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX", "JPEG2000", "AVIF", "ICNS"])
def test_a_format_outside_the_list_is_refused(kind: str) -> None:
    with pytest.raises(BadImage, match="known format"):
        decode(files.save(Image.fromarray(SCENE).resize((64, 64)), kind))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"BM",
        b"GIF89a",
        b"II*\0",
        b"RIFF\0\0\0\0WEBP",
        b"<svg/>",
        b"%PDF-1.7",
        b"\0" * 99,
    ],
)
def test_a_few_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(BadImage) as caught:
        decode(data)
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_a_177_megapixel_png_of_a_few_bytes_is_refused_by_its_header() -> None:
    data = files.png(13_300, 13_300, bits=8, colour=2, rows=b"")
    assert len(data) < 100
    for read in (probe, decode):
        with pytest.raises(BadImage, match="13300 x 13300 is 176,890,000 pixels; at most 50,000,000"):
            read(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_every_format_is_measured_before_it_is_unpacked(kind: str) -> None:
    data = files.save(SCENE, kind)
    with pytest.raises(BadImage, match="96 x 64 is 6,144 pixels; at most 6,143"):
        decode(data, max_pixels=6_143)
    assert decode(data, max_pixels=6_144).shape == (64, 96, 3)


def test_a_side_over_20000_pixels_is_refused() -> None:
    row = b"\0" + b"\0" * 2_501
    assert probe(files.png(20_000, 1, bits=1, colour=0, rows=row)).width == 20_000
    with pytest.raises(BadImage, match="20001 x 1 has a side over 20,000"):
        probe(files.png(20_001, 1, bits=1, colour=0, rows=row))


def test_a_webp_that_claims_268_megapixels_is_refused() -> None:
    data = bytearray(files.save(Image.fromarray(SCENE).convert("RGBA"), "WEBP", exif=files.exif()))
    assert data[12:16] == b"VP8X"
    data[24:30] = b"\xfe\x3f\0" * 2
    with pytest.raises(BadImage, match="16383 x 16383"):
        decode(bytes(data))


def test_a_gif_frame_larger_than_its_screen_is_measured_too() -> None:
    data = bytearray(files.save(SCENE, "GIF"))
    at = data.index(b"\x2c\0\0\0\0") + 5
    data[at : at + 4] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(BadImage):
        decode(bytes(data))


def test_a_progressive_jpeg_of_400_scans_is_refused_and_an_ordinary_one_is_not() -> None:
    for read in (probe, decode):
        with pytest.raises(BadImage, match="400 scans; at most 32"):
            read(files.many_scans(400))
    assert decode(files.save(Image.fromarray(SCENE).convert("CMYK"), "JPEG", progressive=True)).shape == (64, 96, 3)


def test_scans_in_a_preview_or_behind_the_end_do_not_count() -> None:
    honest = files.save(SCENE, "JPEG", progressive=True)
    hidden = files.after_start(honest, files.segment(0xE5, b"\xff\xda" * 100)) + b"\xff\xda" * 100
    assert np.array_equal(decode(hidden), decode(honest))


def test_scans_hidden_behind_reserved_markers_are_counted() -> None:
    data = files.many_scans(40)
    at = data.rfind(b"\xff\xda", 0, data.rfind(b"\xff\xda"))
    with pytest.raises(BadImage, match="40 scans"):
        probe(data[:at] + b"\xff\x02\xff\xff" + data[at:])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_a_truncated_file_is_refused_with_its_reason(kind: str, share: float) -> None:
    data = files.save(files.noisy(96, 64), kind)
    with pytest.raises(BadImage, match=r"damaged|incomplete|ends|does not say"):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("shrink_to", [None, 16])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_ends_early_is_never_half_grey(mode: str, progressive: bool, shrink_to: int | None) -> None:
    inks = np.dstack([files.noisy(96, 64), files.noisy(96, 64, seed=1)[..., 0]])
    image = Image.frombytes("CMYK", (96, 64), inks.tobytes()).convert(mode)
    data = files.save(image, "JPEG", progressive=progressive)
    for cut in (data[:-1], data[:-2], data[: len(data) * 3 // 4], data[: data.rfind(b"\xff\xda") + 20] + b"\xff\xd9"):
        with pytest.raises(BadImage, match="damaged or incomplete"):
            decode(cut, shrink_to=shrink_to)


def test_junk_between_segments_and_before_the_end_is_forgiven() -> None:
    honest = files.save(SCENE, "JPEG")
    junk, end = b"\0" * 9, b"\xff\xd9"
    early = honest[:20] + junk + honest[20:]
    for odd in (early, honest[:-2] + junk + end, early[:-2] + junk + end):
        assert np.array_equal(decode(odd), decode(honest))
    with pytest.raises(BadImage, match="incomplete"):
        decode(early[:-40] + end)


def test_an_unknown_jfif_revision_is_forgiven() -> None:
    honest = bytearray(files.save(SCENE, "JPEG"))
    odd = honest.copy()
    odd[odd.index(b"JFIF\0") + 5] = 0
    assert np.array_equal(decode(bytes(odd)), decode(bytes(honest)))


def test_a_jpeg_of_ten_thousand_empty_segments_is_refused() -> None:
    with pytest.raises(BadImage, match="4000 segments"):
        probe(files.after_start(files.save(SCENE, "JPEG"), files.segment(0xE9, b"") * 10_000))


def test_a_jpeg_with_12_bits_a_channel_is_refused_by_name() -> None:
    data = bytearray(files.save(SCENE, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(BadImage, match="12 bits"):
        probe(bytes(data))


def test_a_picture_without_area_is_refused() -> None:
    with pytest.raises(BadImage, match="no area"):
        probe(files.png(0, 9, bits=8, colour=2, rows=b""))


def test_a_png_whose_text_unpacks_to_a_bomb_is_refused() -> None:
    bomb = files.chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 70_000_000, 9))
    with pytest.raises(BadImage):
        decode(files.png(1, 1, bits=8, colour=2, rows=b"\0\0\0\0", extra=bomb))


def test_the_time_of_capture_is_read_with_its_time_zone() -> None:
    here = probe(files.save(SCENE, "JPEG", exif=files.exif())).captured_at
    east = probe(files.save(SCENE, "JPEG", exif=files.exif(zone="+02:00"))).captured_at
    assert here == 1714979289.0
    assert east == here - 7200
    assert probe(files.save(SCENE, "JPEG")).captured_at is None


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "2024:13:01 00:00:00", "yesterday", "2024:02:30 10:00:00", ""]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_impossible_date_counts_as_none(kind: str, taken: str) -> None:
    assert probe(files.save(SCENE, kind, exif=files.exif(taken=taken))).captured_at is None


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40,
    ],
)
def test_damaged_exif_does_not_cost_the_picture(block: bytes) -> None:
    data = files.after_start(files.save(SCENE, "JPEG"), files.segment(0xE1, block))
    assert decode(data).shape == (64, 96, 3)


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"BM", b"GIF89a", b"RIFF....WEBP"]
    ),
)
@settings(max_examples=300, deadline=None)
def test_junk_gives_a_refusal_and_never_anything_else(junk: bytes, start: bytes) -> None:
    with pytest.raises(BadImage):
        decode(start + junk)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
    st.booleans(),
)
@settings(max_examples=600, deadline=None)
def test_a_damaged_file_gives_pixels_or_a_refusal_and_never_anything_else(
    data: bytes, edits: list[tuple[float, int]], near_start: bool
) -> None:
    changed = bytearray(data)
    for share, value in edits:
        changed[int(share * (min(len(data), 120) if near_start else len(data)))] = value
    try:
        found = decode(bytes(changed))
    except BadImage:
        return
    assert found.dtype == np.uint8
    assert found.ndim == 3


def test_every_real_photograph_is_read_by_the_fast_path_as_pillow_reads_it(shared: Path) -> None:
    paths = sorted((shared / "data" / "bio8").rglob("*.jpg"))[::40]
    assert paths
    for path in paths:
        data = path.read_bytes()
        assert np.array_equal(decode(data), as_pillow(data)), path.name


def as_pillow(data: bytes) -> Any:
    import io

    from PIL.JpegImagePlugin import JpegImageFile

    return np.array(JpegImageFile(io.BytesIO(data)).convert("RGB"))
