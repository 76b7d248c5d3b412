"""Tiles cover every picture, and blend back into what they were cut from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sightloop.vision.tiles import Blend, Tile, cut, grid

SIZES = st.tuples(st.integers(1, 150), st.integers(1, 150))
OVERLAPS = st.sampled_from([0, 1, 5, 16, 20])


def blended(truth: NDArray[np.float32], *, overlap: int) -> NDArray[np.uint8]:
    """Cut `truth` (classes, height, width) into tiles of 32 and blend them again."""
    size = (truth.shape[1], truth.shape[2])
    blend = Blend(size, len(truth), overlap=overlap)
    for tile in grid(size, tile=32, overlap=overlap, multiple=16):
        part = cut(np.moveaxis(np.rint(255 * truth).astype(np.uint8), 0, -1), tile, multiple=16)
        blend.add(tile, np.moveaxis(part, -1, 0).astype(np.float32) / np.float32(255))
    return blend.finish()


@given(size=SIZES, overlap=OVERLAPS)
def test_every_pixel_lies_in_a_tile_and_neighbours_share_enough(size: tuple[int, int], overlap: int) -> None:
    tiles = grid(size, tile=32, overlap=overlap, multiple=16)
    for starts, length, side in [
        (sorted({tile.top for tile in tiles}), tiles[0].height, size[0]),
        (sorted({tile.left for tile in tiles}), tiles[0].width, size[1]),
    ]:
        assert starts[0] == 0
        assert starts[-1] + length == side
        assert all(now + length - after >= overlap for now, after in pairwise(starts))


@given(size=SIZES, overlap=OVERLAPS)
def test_all_tiles_have_one_shape_of_at_most_the_tile_side(size: tuple[int, int], overlap: int) -> None:
    tiles = grid(size, tile=32, overlap=overlap, multiple=16)
    assert len({(tile.height, tile.width) for tile in tiles}) == 1
    assert max(tiles[0].height, tiles[0].width) <= 32


def test_a_picture_little_longer_than_a_tile_is_cut_into_two_small_ones() -> None:
    assert [tile.height for tile in grid((1030, 10), tile=1024, overlap=64, multiple=32)] == [576, 576]


@pytest.mark.parametrize(("tile", "overlap"), [(30, 4), (32, 32), (32, -1), (0, 0)])
def test_sides_that_do_not_fit_are_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="do not fit multiples of 16"):
        grid((50, 50), tile=tile, overlap=overlap, multiple=16)


@given(size=SIZES, seed=st.integers(0, 99))
def test_a_cut_tile_keeps_its_pixels_and_has_sides_that_are_multiples(size: tuple[int, int], seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    tile = grid(size, tile=64, overlap=8, multiple=32)[-1]
    part = cut(pixels, tile, multiple=32)
    assert part.shape[0] % 32 == part.shape[1] % 32 == 0
    assert part.dtype == np.uint8
    inside = pixels[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    assert np.array_equal(part[: tile.height, : tile.width], inside)


def test_what_is_added_at_the_border_mirrors_the_picture() -> None:
    pixels = np.arange(10, dtype=np.uint8)[:, None, None].repeat(16, axis=1).repeat(3, axis=2)
    assert cut(pixels, Tile(0, 0, 10, 16), multiple=16)[:, 0, 0].tolist() == [*range(10), 8, 7, 6, 5, 4, 3]


@given(size=SIZES, overlap=OVERLAPS, seed=st.integers(0, 99))
def test_tiles_that_agree_blend_into_what_they_were_cut_from(size: tuple[int, int], overlap: int, seed: int) -> None:
    levels = np.random.default_rng(seed).integers(0, 256, (2, *size), dtype=np.uint8)
    assert np.array_equal(blended((levels / 255).astype(np.float32), overlap=overlap), levels)


@given(size=SIZES, overlap=OVERLAPS, level=st.integers(0, 255))
def test_a_constant_blends_into_itself(size: tuple[int, int], overlap: int, level: int) -> None:
    assert (blended(np.full((1, *size), level / 255, dtype=np.float32), overlap=overlap) == level).all()


def test_from_one_tile_to_the_next_the_map_changes_without_a_seam() -> None:
    blend = Blend((48, 48), 1, overlap=16)
    for tile in grid((48, 48), tile=32, overlap=16, multiple=16):
        blend.add(tile, np.full((1, 32, 32), tile.top > 0, dtype=np.float32))
    column = blend.finish()[0, :, 20].astype(int)
    assert (column[0], column[-1]) == (0, 255)
    assert np.diff(column).min() >= 0
    assert np.diff(column).max() <= 17


def test_tiles_out_of_order_are_refused() -> None:
    tiles = grid((96, 32), tile=32, overlap=0, multiple=16)
    blend = Blend((96, 32), 1, overlap=0)
    blend.add(tiles[1], np.zeros((1, 32, 32), dtype=np.float32))
    with pytest.raises(ValueError, match="row 0 after row 32"):
        blend.add(tiles[0], np.zeros((1, 32, 32), dtype=np.float32))
