"""The registry: promotion, rollback, log, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Project
from sightloop.core.errors import BadBundle, Conflict, Rejected
from sightloop.flows import models, predict
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services

Model = Callable[..., int]


@pytest.fixture
def two(project: Project, model: Model) -> Project:
    model(project)
    model(project, live=False, sharpness=1.0)
    return project


def test_promotion_swaps_champion_and_previous(services: Services, two: Project) -> None:
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="sharper", force=True)
    listed = models.listing(services, user=OPERATOR, name="paint")
    assert {row["number"]: row["alias"] for row in listed} == {2: "champion", 1: "previous"}


def test_rollback_puts_the_previous_version_back(services: Services, two: Project) -> None:
    models.promote(services, user=OPERATOR, name="paint", ref="challenger", reason="new", force=True)
    models.rollback(services, user=OPERATOR, name="paint", reason="worse on moss")
    assert models.listing(services, user=OPERATOR, name="paint")[-1]["alias"] == "champion"


def test_the_log_keeps_every_step(services: Services, two: Project) -> None:
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="a", force=True)
    models.rollback(services, user=OPERATOR, name="paint", reason="b")
    rows = models.log(services, user=OPERATOR, name="paint")
    assert [(row.action, row.reason) for row in rows[:2]] == [("rollback", "b"), ("force", "a")]


def test_what_is_live_already_is_not_promoted_again(services: Services, two: Project) -> None:
    with pytest.raises(Conflict, match="version 1 is live already"):
        models.promote(services, user=OPERATOR, name="paint", ref="1")


def test_without_a_previous_version_there_is_no_way_back(services: Services, project: Project, model: Model) -> None:
    model(project)
    with pytest.raises(Rejected, match="no previous version"):
        models.rollback(services, user=OPERATOR, name="paint")


def test_a_running_server_follows_a_promotion(services: Services, two: Project, picture: Callable[..., bytes]) -> None:
    before = predict.predict(services, user=OPERATOR, project="paint", data=picture())
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="new", force=True)
    services.runtime.refresh()
    after = predict.predict(services, user=OPERATOR, project="paint", data=picture())
    assert (before["model_version"], after["model_version"]) == (1, 2)


def test_an_exported_version_is_one_file_that_answers_alike(services: Services, two: Project, tmp_path: Path) -> None:
    models.export(services, user=OPERATOR, name="paint", ref="1", target=tmp_path / "one.bundle")
    bundle_format.unpack(tmp_path / "one.bundle", tmp_path / "unpacked")
    assert bundles.load(tmp_path / "unpacked").classes == two.classes


def test_a_damaged_bundle_is_not_promoted(services: Services, two: Project) -> None:
    digest = models.listing(services, user=OPERATOR, name="paint")[0]["bundle"]
    path = services.blobs.path(digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-100] + b"x" * 100)
    with pytest.raises(BadBundle):
        models.promote(services, user=OPERATOR, name="paint", ref="2", reason="new", force=True)
    assert models.listing(services, user=OPERATOR, name="paint")[1]["alias"] == "champion"
