"""A cascade in memory: who answers which picture, and who checks it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.bundles.cascade import draw
from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadBundle
from tests import tiny


def plain(*colour: int) -> Pixels:
    return np.broadcast_to(np.array(colour, np.uint8), (20, 30, 3)).copy()


SURE, UNSURE = plain(250, 60, 60), plain(210, 190, 60)
NAMES = tuple(tiny.COLOURS)


def _cascade(folder: Path, **certificate: Any) -> Path:
    """A fast member that is sure of bright red only, and an accurate one with its classes in another order."""
    tiny.bundle(folder / "fast", sharpness=4.0)
    tiny.bundle(folder / "accurate", tuple(reversed(NAMES)), sharpness=30.0)
    said = {"threshold": 0.9, "human": None, "audit": 0.0, **certificate}
    manifest = bundle_format.parse(folder / "fast")
    (folder / "card.md").write_text("# A cascade\n")
    bundle_format.write(folder, replace(manifest, family="cascade", files={}, certificate=said))
    return folder


def test_the_fast_member_answers_where_it_is_sure_and_the_accurate_one_elsewhere(tmp_path: Path) -> None:
    found = bundles.load(_cascade(tmp_path)).predict([SURE, UNSURE])
    fast, accurate = (bundles.load(tmp_path / role).predict([SURE, UNSURE]) for role in ("fast", "accurate"))
    assert list(found.routes) == ["fast", "accurate"]
    assert np.array_equal(found.probabilities[0], fast.probabilities[0])
    assert np.array_equal(found.probabilities[1], accurate.probabilities[1, ::-1])


def test_the_embeddings_are_the_fast_members_whoever_answers(tmp_path: Path) -> None:
    found = bundles.load(_cascade(tmp_path)).predict([SURE, UNSURE])
    assert np.array_equal(found.embeddings, bundles.load(tmp_path / "fast").predict([SURE, UNSURE]).embeddings)


def test_without_a_limit_everything_is_deferred(tmp_path: Path) -> None:
    found = bundles.load(_cascade(tmp_path, threshold=None, audit=1.0)).predict([SURE, UNSURE])
    assert (list(found.routes), list(found.audits)) == (["accurate"] * 2, [None] * 2)


def test_a_confidence_of_exactly_the_limit_is_answered_fast(tmp_path: Path) -> None:
    first = bundles.load(_cascade(tmp_path)).predict([UNSURE])
    limit = float(bundles.load(tmp_path / "fast").predict([UNSURE]).probabilities.max())
    again = bundles.load(_cascade(tmp_path, threshold=limit)).predict([UNSURE])
    assert (first.routes[0], again.routes[0]) == ("accurate", "fast")


def test_an_audited_answer_stays_the_fast_members_and_names_the_others(tmp_path: Path) -> None:
    found = bundles.load(_cascade(tmp_path, audit=1.0)).predict([SURE, UNSURE])
    unaudited = bundles.load(_cascade(tmp_path)).predict([SURE, UNSURE])
    assert (list(found.routes), list(found.audits)) == (["fast", "accurate"], ["red", None])
    assert np.array_equal(found.probabilities, unaudited.probabilities)


def test_the_same_pictures_are_audited_in_any_company_and_about_as_many_as_asked(tmp_path: Path) -> None:
    predictor = bundles.load(_cascade(tmp_path, threshold=0.0, audit=0.25))
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (24, 20, 3), np.uint8) for _ in range(400)]
    together = [audit is not None for audit in predictor.predict(pictures).audits]
    alone = [predictor.predict([one]).audits[0] is not None for one in pictures]
    assert together == alone == [draw(one) < 0.25 for one in pictures]
    assert sum(together) == pytest.approx(100, abs=30)


def test_people_get_what_nobody_is_sure_enough_of(tmp_path: Path) -> None:
    predictor = bundles.load(_cascade(tmp_path, human={"threshold": 0.97}))
    given = predictor.predict([plain(250, 10, 10), plain(128, 126, 127)])
    assert [given.probabilities[row].max() >= 0.97 for row in range(2)] == [True, False]
    assert list(given.routes)[1] == "human"
    assert given.routes[0] != "human"


def test_a_band_that_could_not_be_certified_leaves_everything_to_people(tmp_path: Path) -> None:
    found = bundles.load(_cascade(tmp_path, human={"threshold": None})).predict([SURE, UNSURE])
    assert list(found.routes) == ["human", "human"]


def test_three_threads_get_the_routes_that_one_batch_gets(tmp_path: Path) -> None:
    pictures = [SURE, UNSURE, SURE]
    predictor = bundles.load(_cascade(tmp_path))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda one: predictor.predict([one]).routes[0], pictures))
    assert found == list(predictor.predict(pictures).routes)


@pytest.mark.parametrize("certificate", [{}, {"threshold": "high", "audit": 0.0}, {"threshold": 0.5}])
def test_a_certificate_that_says_too_little_is_refused(tmp_path: Path, certificate: dict[str, Any]) -> None:
    _cascade(tmp_path)
    bundle_format.write(tmp_path, replace(bundle_format.parse(tmp_path), certificate=certificate))
    with pytest.raises(BadBundle, match="certificate"):
        bundles.load(tmp_path)


def test_members_with_other_classes_are_refused_by_name(tmp_path: Path) -> None:
    _cascade(tmp_path)
    bundle_format.write(tmp_path, replace(bundle_format.parse(tmp_path), classes=("red", "green", "violet")))
    with pytest.raises(BadBundle, match="blue, violet"):
        bundles.load(tmp_path)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    _cascade(tmp_path)
    (tmp_path / "accurate" / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(BadBundle, match=r"accurate/model\.onnx"):
        bundles.load(tmp_path)


def test_a_cascade_packs_and_unpacks(tmp_path: Path) -> None:
    bundle_format.pack(_cascade(tmp_path / "made"), tmp_path / "packed")
    bundle_format.unpack(tmp_path / "packed", tmp_path / "again")
    assert list(bundles.load(tmp_path / "again").predict([SURE]).routes) == ["fast"]
