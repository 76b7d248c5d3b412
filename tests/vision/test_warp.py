"""Turned, mirrored and scaled views of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.vision.warp import Window, mirrored, noisy, view

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_a_straight_view_is_the_part_of_the_picture_itself() -> None:
    assert np.array_equal(view(PIXELS, Window(30, 20, 16)), PIXELS[12:28, 22:38])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_move_pixels_and_change_none(quarters: int) -> None:
    found = view(PIXELS, Window(30, 20, 16, degrees=90 * quarters))
    assert np.abs(found.astype(int) - np.rot90(PIXELS[12:28, 22:38], quarters)).max() <= 1


def test_a_mirrored_view_is_flipped_left_to_right() -> None:
    found = view(PIXELS, Window(30, 20, 16, mirrored=True))
    assert np.abs(found.astype(int) - PIXELS[12:28, 22:38][:, ::-1]).max() <= 1


def test_beyond_its_edges_a_picture_goes_on_as_its_mirror_image() -> None:
    wide = np.pad(PIXELS[:4, :6], ((14, 14), (13, 13), (0, 0)), mode="reflect")
    assert np.array_equal(view(PIXELS[:4, :6], Window(3, 2, 32)), wide)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_reflected_indices_are_those_of_numpy(length: int) -> None:
    wanted = np.pad(np.arange(length), 13, mode="reflect") if length > 1 else np.zeros(27, int)
    assert np.array_equal(mirrored(np.arange(-13, length + 13), length), wanted)


@pytest.mark.parametrize("window", [Window(30, 20, 24, 1.5, 33.0), Window(9, 31, 24, 0.6, -120.0, mirrored=True)])
def test_a_view_moved_around_a_pixel_shows_it_where_it_was_asked_to(window: Window) -> None:
    plane = np.zeros((40, 60), np.uint8)
    plane[17:20, 42:45] = 255
    moved = window.around(43.5, 18.5, across=0.25, down=0.75)
    rows, columns = np.nonzero(view(plane, moved) > 127)
    assert rows.mean() + 0.5 == pytest.approx(18, abs=0.6)
    assert columns.mean() + 0.5 == pytest.approx(6, abs=0.6)


def test_a_snapped_view_holds_only_values_of_the_picture() -> None:
    found = view(PIXELS, Window(21.37, 17.8, 16, degrees=90, mirrored=True).snapped())
    assert set(found[..., 0].flat) <= set(PIXELS[..., 0].flat)
    assert Window(21.37, 17.8, 16, degrees=30).snapped().x == 21.37


def test_a_scale_above_one_enlarges() -> None:
    plane = np.zeros((40, 60), np.uint8)
    plane[15:25, 25:35] = 255
    areas = [np.count_nonzero(view(plane, Window(30, 20, 32, scale)) > 127) for scale in (0.5, 1, 2)]
    assert areas == [pytest.approx(25, abs=10), 100, 400]


def test_noise_without_deviation_and_gain_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    assert np.array_equal(noisy(PIXELS, deviation=0, gains=np.ones(3), rng=rng), PIXELS)
    assert np.abs(noisy(PIXELS, deviation=5, gains=np.ones(3), rng=rng).astype(int) - PIXELS).max() > 5
