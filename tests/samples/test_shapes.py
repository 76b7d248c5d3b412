"""Shapes: areas, widths, spirals and poses are geometrically right."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.samples.shapes import cover, ellipse, frame, polar, pose, strokes, superformula, whorls, wrap


def test_coverage_of_a_disk_is_its_area() -> None:
    x, y = frame(96)
    area = cover(ellipse(x, y, (0.1, -0.05), (0.5, 0.5))).sum() * (2 / 96) ** 2
    assert float(area) == pytest.approx(np.pi * 0.25, rel=0.01)


def test_the_superformula_with_equal_exponents_two_is_a_circle() -> None:
    angle = np.linspace(-np.pi, np.pi, 50, dtype=np.float32)
    np.testing.assert_allclose(superformula(angle, m=4, n1=2, n2=2, n3=2), 1, atol=1e-5)


def test_a_whorls_outer_wall_lies_on_the_spiral() -> None:
    radius, angle = polar(*frame(64))
    along, across, outer = whorls(radius, angle, 0.17)
    assert ((across >= -1e-4) & (across <= 1 + 1e-4)).all()
    np.testing.assert_allclose(outer, np.exp(0.17 * along), rtol=1e-5)
    assert (outer >= radius * 0.999).all()


def test_a_stroke_is_as_wide_as_asked() -> None:
    x, y = frame(200)
    depth, _ = strokes(x, y, [(-2.0, 0.0), (2.0, 0.0)], width=0.2)
    assert int((depth[:, 100] > 0).sum()) == pytest.approx(40, abs=1)


def test_wrap_gives_the_signed_distance_to_a_whole_number() -> None:
    np.testing.assert_allclose(wrap(np.array([0.25, 0.75, -1.1], dtype=np.float32)), [0.25, -0.25, -0.1], atol=1e-6)


def test_a_pose_keeps_most_of_the_unit_disk_in_the_picture() -> None:
    for seed in range(20):
        grid = pose(np.random.default_rng(seed), 64)
        area = float(((grid.x**2 + grid.y**2) < 1).sum()) * grid.pixel**2
        assert area > 0.6 * np.pi / 1.3
