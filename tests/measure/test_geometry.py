"""Lines of known length and width, straight, bent and branching, measure what they were drawn with."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sightloop.measure import pieces
from sightloop.measure.geometry import MOST_PIECES, Geometry, as_json, centre_lines, drawn, histogram, measure
from sightloop.samples import cracks

Bits = NDArray[np.bool_]
WIDTHS = st.floats(1.5, 20)
ANGLES = st.floats(1, 44) | st.floats(46, 89) | st.floats(91, 134) | st.floats(136, 179)  # no rows of pixels in step
SHIFTS = st.floats(-0.5, 0.5)


def between(values: NDArray[np.float64], side: float) -> Bits:
    """Half open, so that a side of n pixels holds n of them wherever it begins."""
    return np.asarray((values >= -side / 2) & (values < side / 2))


def line(length: float, width: float, degrees: float, *, at: tuple[float, float] = (130, 130), size: int = 260) -> Bits:
    """Every pixel whose centre lies in a rectangle about `at` (x, y) that rises to the right by `degrees`."""
    y, x = np.mgrid[:size, :size] + 0.5
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    along, across = (x - at[0]) * cos - (y - at[1]) * sin, (x - at[0]) * sin + (y - at[1]) * cos
    return np.asarray(between(along, length) & between(across, width))


def arc(radius: float, width: float, *, start: float, sweep: float) -> Bits:
    """Every pixel whose centre lies in a part of a ring; angles in radians."""
    size = int(2 * radius + width) + 6
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2 - 0.23
    turned = (np.arctan2(y, x) - start) % (2 * np.pi)
    return np.asarray(between(np.hypot(x, y) - radius, width) & (turned <= sweep))


def bent(corners: list[tuple[float, float]], width: float, *, size: int = 260) -> Bits:
    """Every pixel whose centre lies within half a width of a polyline, square at its two ends."""
    y, x = np.mgrid[:size, :size] + 0.5
    found = np.zeros((size, size), dtype=bool)
    for (x0, y0), (x1, y1) in pairwise(corners):
        long = np.hypot(x1 - x0, y1 - y0)
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long
        across = ((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / long
        found |= (along >= 0) & (along <= long) & between(across, width)
    for x0, y0 in corners[1:-1]:
        found |= np.hypot(x - x0, y - y0) <= width / 2
    return found


def near(value: float, truth: float) -> bool:
    """Within a pixel or three in a hundred."""
    return abs(value - truth) <= max(1, 0.03 * truth)


def agrees(found: Geometry, *, length: float, width: float) -> bool:
    return (
        found.pieces == 1
        and near(found.length_px, length)
        and near(found.mean_width_px, width)
        and near(found.max_width_px, width)
    )


@pytest.mark.parametrize("degrees", [0, 1, 5, 15, 22.5, 26.565, 30, 44, 45, 46, 60, 75, 89, 90, 91, 120, 135, 150, 179])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 10, 15, 20])
def test_a_straight_line_measures_what_it_was_drawn_with(width: int, degrees: float) -> None:
    found = measure(line(180, width, degrees))
    assert agrees(found, length=180, width=width), as_json(found)
    assert found.orientation_deg is not None
    assert abs((found.orientation_deg - degrees + 90) % 180 - 90) < max(1, width / 9)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(width=WIDTHS, degrees=ANGLES, stretch=st.floats(0, 1), x=SHIFTS, y=SHIFTS)
def test_any_straight_line_measures_what_it_was_drawn_with(
    width: float, degrees: float, stretch: float, x: float, y: float
) -> None:
    least = max(4 * width, 80)
    length = least + stretch * (220 - least)
    found = measure(line(length, width, degrees, at=(130 + x, 130 + y)))
    assert agrees(found, length=length, width=width), as_json(found)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(width=st.floats(2, 20), bend=st.floats(0, 1), start=st.floats(0, 6.28), part=st.floats(0, 1))
def test_any_arc_measures_what_it_was_drawn_with(width: float, bend: float, start: float, part: float) -> None:
    least = max(3 * width, 20)
    radius = least + bend * (120 - least)
    shortest, longest = max(5 * width, 80) / radius, 2 * np.pi - (3 * width + 6) / radius
    sweep = shortest + part * (longest - shortest)
    found = measure(arc(radius, width, start=start, sweep=sweep))
    assert agrees(found, length=radius * sweep, width=width), as_json(found)


@pytest.mark.parametrize("width", [1.5, 3, 6, 10, 14])
@pytest.mark.parametrize("turn", [30, 60, 90])
def test_a_line_with_corners_measures_what_it_was_drawn_with(width: float, turn: float) -> None:
    heading, corners = 0.3, [(30.0, 40.0)]
    for sign in (1, -1, 1):
        x, y = corners[-1]
        corners.append((x + 80 * np.cos(heading), y + 80 * np.sin(heading)))
        heading += sign * np.radians(turn)
    found = measure(bent(corners, width))
    assert near(found.length_px, 240)
    assert near(found.mean_width_px, width)
    assert width - 1 <= found.max_width_px <= 1.18 * width + 1  # the circle that fits into a right angle is wider


def test_a_closed_ring_is_as_long_as_its_middle_circle() -> None:
    found = measure(arc(60, 7, start=0, sweep=7))
    assert agrees(found, length=2 * np.pi * 60, width=7), as_json(found)
    assert found.lines[0][0] == pytest.approx(found.lines[0][-1], abs=0.1)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3), (5, 8), (12, 20)])
def test_a_block_too_short_for_a_skeleton_measures_as_a_rectangle(size: tuple[int, int]) -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[5 : 5 + size[0], 7 : 7 + size[1]] = True
    found = measure(mask)
    assert found.length_px == pytest.approx(max(size), abs=0.5)
    assert found.mean_width_px == pytest.approx(min(size), abs=0.5)
    assert found.max_width_px == pytest.approx(min(size), abs=1)


def test_nothing_measures_nothing() -> None:
    found = measure(np.zeros((20, 30), dtype=bool), px_per_mm=4)
    assert (found.area_px, found.length_px, found.pieces, found.per_piece) == (0, 0, 0, ())
    assert (found.widest, found.orientation_deg, found.length_mm) == (None, None, 0)
    assert not histogram(found.profile)
    assert not centre_lines(np.zeros((20, 30), dtype=bool))


def test_a_mask_that_is_all_crack_is_measured_too() -> None:
    found = measure(np.ones((40, 100), dtype=bool))
    assert found.length_px == pytest.approx(100, abs=0.2)
    assert found.mean_width_px == pytest.approx(40, abs=0.2)
    assert found.area_share == 1


def test_a_line_that_leaves_the_picture_is_measured_to_its_edge() -> None:
    found = measure(line(900, 6, 20))
    assert near(found.length_px, 260 / np.cos(np.radians(20)))


@pytest.mark.parametrize("width", [3, 8, 14])
def test_branches_are_added_up_and_make_one_piece(width: int) -> None:
    mask = line(200, width, 10)
    mask |= bent([(130, 130), (150, 220)], width)
    mask |= bent([(80, 139), (60, 60)], width)
    found = measure(mask)
    assert (found.pieces, len(found.lines)) == (1, 5)
    assert found.length_px == pytest.approx(200 + np.hypot(20, 90) + np.hypot(20, 79), rel=0.03)
    assert near(found.max_width_px, width)


def test_ragged_edges_and_pinholes_add_no_length() -> None:
    rng, mask = np.random.default_rng(3), line(220, 12, 33)
    ragged = mask & ~(line(220, 12, 33) & ~line(220, 9, 33) & (rng.random(mask.shape) < 0.4))
    ragged &= rng.random(mask.shape) > 0.01
    found = measure(ragged)
    assert near(found.per_piece[0].length_px, 220)
    assert len(found.lines) == found.pieces


def test_a_mask_with_a_scale_is_measured_in_millimetres_too() -> None:
    found = measure(line(200, 8, 0), px_per_mm=4)
    assert found.length_mm == pytest.approx(found.length_px / 4)
    assert found.mean_width_mm == pytest.approx(found.mean_width_px / 4)
    assert found.max_width_mm == pytest.approx(found.max_width_px / 4)
    assert found.area_mm2 == found.area_px / 16
    assert measure(line(200, 8, 0)).area_mm2 is None


def test_the_widest_place_lies_in_the_bulge() -> None:
    found = measure(line(200, 5, 0) | line(40, 15, 0, at=(180, 130)))
    assert near(found.max_width_px, 15)
    assert found.widest is not None
    assert 160 < found.widest[0] < 200
    assert abs(found.widest[1] - 130) < 2


def test_pieces_come_largest_first_with_their_own_boxes_and_figures() -> None:
    mask = line(60, 4, 0, at=(60, 200)) | line(120, 6, 90, at=(200, 100))
    first, second = measure(mask).per_piece
    assert (first.x, first.y, first.width, first.height) == (197, 40, 6, 120)
    assert (second.x, second.y, second.width, second.height) == (30, 198, 60, 4)
    assert (first.area_px, second.area_px) == (720, 240)
    assert near(first.length_px, 120)
    assert near(second.mean_width_px, 4)
    assert (round(first.orientation_deg), round(second.orientation_deg)) == (90, 0)


def test_specks_are_counted_but_only_the_largest_pieces_are_listed() -> None:
    mask = np.zeros((60, 60), dtype=bool)
    mask[::3, ::3] = True
    found = measure(mask)
    assert (found.pieces, len(found.per_piece)) == (400, MOST_PIECES)
    assert found.length_px == pytest.approx(400)


def test_the_json_holds_every_figure_and_no_arrays() -> None:
    found = measure(line(100, 5, 30), px_per_mm=2)
    answer = json.loads(json.dumps(as_json(found)))
    assert answer["length_px"] == round(found.length_px, 3)
    assert answer["per_piece"][0]["area_px"] == found.area_px
    assert "profile" not in answer
    assert "lines" not in answer


def test_the_histogram_shares_out_the_length_by_width() -> None:
    found = measure(line(150, 4, 0, at=(130, 60)) | line(100, 12, 0, at=(130, 200)))
    rows = histogram(found.profile, bins=6)
    assert sum(row["length_px"] for row in rows) == pytest.approx(found.length_px, abs=0.01)
    thin = sum(row["length_px"] for row in rows if row["to_px"] <= 8)
    assert thin == pytest.approx(150, rel=0.05)
    assert rows[-1]["to_px"] == pytest.approx(found.max_width_px, abs=0.1)


@given(limit=st.integers(8, 300))
@settings(deadline=None, max_examples=30)
def test_lines_to_draw_keep_to_the_limit_and_their_ends(limit: int) -> None:
    lines = measure(line(200, 3, 20, at=(130, 60)) | line(150, 3, 20, at=(130, 200))).lines
    thinned = drawn(lines, limit=limit)
    assert sum(map(len, thinned)) <= limit
    assert all(line[0] != line[-1] for line in thinned)
    assert thinned[0][-1] == pytest.approx(max(lines, key=len)[-1], abs=0.051)


def test_lines_to_draw_run_along_the_middle() -> None:
    (points,) = centre_lines(line(200, 9, 0, at=(130, 100)))
    assert max(abs(y - 100) for _, y in points) <= 1
    assert min(x for x, _ in points) == pytest.approx(30, abs=0.6)
    assert max(x for x, _ in points) == pytest.approx(230, abs=0.6)


@pytest.mark.parametrize("seed", range(8))
def test_a_drawn_crack_measures_the_same_turned_mirrored_and_enlarged(seed: int) -> None:
    mask = cracks.draw(seed=seed)[1].astype(bool)
    found = measure(mask)
    for other, scale in [(mask.T, 1), (np.rot90(mask), 1), (mask.repeat(2, 0).repeat(2, 1), 2)]:
        again = measure(other)
        assert again.pieces == found.pieces
        assert again.length_px == pytest.approx(found.length_px * scale, rel=0.03 if scale == 1 else 0.08)
        assert again.max_width_px == pytest.approx(found.max_width_px * scale, rel=0.12)


@pytest.mark.parametrize("seed", range(6))
def test_the_branches_of_a_drawn_crack_add_up_to_what_was_drawn(seed: int) -> None:
    rng, depth = np.random.default_rng(seed), np.full((400, 400), -9, dtype=np.float32)
    x = np.linspace(40, 360, 800)
    main = np.stack([x, 200 + 25 * np.sin(x / rng.uniform(30, 60))], axis=1)
    paths = [main]
    for place, sign in ((200, -1), (400, 1), (600, -1)):
        away = np.linspace(0, rng.uniform(60, 100), 250)[:, None]
        paths.append(main[place] + away * [rng.uniform(-0.4, 0.4), sign])
    for path in paths:
        cracks.stamp(depth, cracks.Path(path, np.full(len(path), rng.uniform(3, 8))))
    found = measure(depth > 0)
    assert (found.pieces, len(found.lines)) == (1, 7)
    assert found.length_px == pytest.approx(sum(np.hypot(*np.diff(path, axis=0).T).sum() for path in paths), rel=0.03)


def test_a_mask_with_too_much_in_it_is_measured_at_half_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = line(201, 11, 25)
    whole = measure(mask)
    monkeypatch.setattr(pieces, "MOST_AREA", 1000)
    shrunk = measure(mask)
    assert shrunk.area_px == whole.area_px
    assert shrunk.length_px == pytest.approx(whole.length_px, abs=4)
    assert shrunk.widest is not None
    assert np.abs(shrunk.lines[0].mean(axis=0) - 130).max() < 3


@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 0.99))
@settings(deadline=None, max_examples=60)
def test_any_mask_has_finite_figures_that_fit_together(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((30, 40)) < share
    found = measure(mask)
    assert found.area_px == np.count_nonzero(mask)
    assert np.isfinite([found.length_px, found.mean_width_px, found.max_width_px]).all()
    assert found.length_px * found.mean_width_px == pytest.approx(found.area_px)
    assert sum(piece.area_px for piece in found.per_piece) == found.area_px
    assert all(0 <= piece.orientation_deg < 180 for piece in found.per_piece)
