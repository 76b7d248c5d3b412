"""A model that breaks down over a picture: written down once, nothing else is lost, and the watch counts it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sqlalchemy import select

from sightloop.bundles import format as bundle_format
from sightloop.bundles.format import Input, Manifest
from sightloop.core.entities import Answer, Image, ModelVersion, Project
from sightloop.core.errors import Overloaded, SightloopError
from sightloop.flows import answer, beside, breaking, models, predict, upload, watching
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, watch_tables
from sightloop.store import versions as rows
from tests import tiny
from tests.flows import watched

Keep = Callable[..., Image]


def breaks_over_red(folder: Path) -> Path:
    """A tiny model that looks up a number that is not there where a picture is red."""
    graph = onnx.load(tiny.bundle(folder) / "model.onnx")
    for name, value in (
        ("first", np.array([0], np.int64)),
        ("ten", np.array([10], np.float32)),
        ("table", np.array([0], np.float32)),
    ):
        graph.graph.initializer.append(numpy_helper.from_array(value, name))
    graph.graph.node[-1].output[0] = "raw"
    graph.graph.node.extend(
        [
            helper.make_node("Gather", ["mean", "first"], ["redness"], axis=1),
            helper.make_node("Relu", ["redness"], ["positive"]),
            helper.make_node("Mul", ["positive", "ten"], ["scaled"]),
            helper.make_node("Cast", ["scaled"], ["index"], to=TensorProto.INT64),
            helper.make_node("Gather", ["table", "index"], ["nothing"], axis=0),
            helper.make_node("Add", ["raw", "nothing"], ["logits"]),
        ]
    )
    onnx.save(graph, folder / "model.onnx")
    given = Input(tiny.SIZE, "squash", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    bundle_format.write(folder, Manifest("classify", tuple(tiny.COLOURS), given, family="linear", backbone="broken"))
    return folder


@pytest.fixture
def broken(services: Services, project: Project, model: Callable[..., int], tmp_path: Path) -> ModelVersion:
    """A version that breaks down over red pictures, forced live over one that does not."""
    model(project)
    packed = tmp_path / "packed"
    digest = bundle_format.pack(breaks_over_red(tmp_path / "broken"), packed)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        made = rows.add(db, project.id, bundle=digest, family="linear", params={}, metrics={})
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="try", force=True)
    services.runtime.refresh()
    return made


def kept_of(services: Services) -> list[str]:
    with services.db.connect() as db:
        return list(db.execute(select(watch_tables.mishaps.c.what)).scalars())


class OneFailure:
    """A runtime whose every batch fails with the same exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def submit(self, data: bytes, **_: object) -> Future[Answer]:
        """The failure, whatever the `data`."""
        assert data
        future: Future[Answer] = Future()
        future.set_exception(self.error)
        return future

    def queue_depth(self) -> int:
        """Nothing waits."""
        return 0

    def refresh(self) -> None:
        """Nothing to follow."""

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def put(services: Services, project: Project, incoming: Callable[..., upload.Incoming]) -> Keep:
    """Uploads bytes without an answer."""

    def make(data: bytes) -> Image:
        [outcome] = upload.keep(services, user=OPERATOR, project=project.name, incoming=[incoming(data)])
        assert outcome.image is not None
        return outcome.image

    return make


def test_a_picture_it_breaks_down_over_waits_and_is_written_down_once(
    services: Services, project: Project, broken: ModelVersion, put: Keep
) -> None:
    red, blue = put(tiny.picture("red")), put(tiny.picture("blue"))
    for image in (blue, red, red):
        answer.score(services, project_id=project.id, image_ids=[image.id], timeout=20)
    with services.db.connect() as db:
        found = {image.id: image.status for image in images.many(db, [red.id, blue.id])}
    assert found == {red.id: "pending", blue.id: "ready"}
    [what] = kept_of(services)
    assert what.startswith(f"{red.id}: ")


def test_a_question_that_keeps_nothing_is_no_failure_because_its_answers_are_not_counted_either(
    services: Services, project: Project, broken: ModelVersion
) -> None:
    with pytest.raises(Exception, match=r"indices|out of bounds|Gather"):
        predict.predict(services, user=OPERATOR, project="paint", data=tiny.picture("red"))
    assert kept_of(services) == []


def test_pictures_that_fail_together_are_one_failure(
    services: Services, project: Project, broken: ModelVersion, put: Keep
) -> None:
    """One exception is set on every picture of a batch, whichever of them, or what else, is to blame."""
    pictures = [put(tiny.picture("red", seed=seed)) for seed in range(4)]
    alike = replace(services, runtime=OneFailure(RuntimeError("no memory")))
    answer.answer_images(alike, project=watched.now(services, project), pictures=pictures[:2], timeout=20)
    answer.answer_images(alike, project=watched.now(services, project), pictures=pictures[2:], timeout=20)
    [what] = kept_of(services)
    assert what.startswith(f"{pictures[0].id}: ")


def test_pictures_that_fail_together_are_one_failure_beside_the_live_version_too(
    services: Services, project: Project, broken: ModelVersion, put: Keep
) -> None:
    pictures = [put(tiny.picture("red", seed=seed)) for seed in range(3)]
    alike = replace(services, runtime=OneFailure(RuntimeError("no memory")))
    asked = beside.ask(alike, project, broken, pictures, report=lambda _: None)
    assert (asked, len(kept_of(services))) == (beside.Asked(0, 1), 1)


def test_a_version_that_keeps_breaking_down_is_taken_back_by_itself(
    services: Services, project: Project, broken: ModelVersion, put: Keep
) -> None:
    for seed in range(3):
        image = put(tiny.picture("red", seed=seed))
        answer.score(services, project_id=project.id, image_ids=[image.id], timeout=20)
    watching.look(services)
    assert watched.newest(services, project).state == "rolled_back"
    services.runtime.refresh()
    again = predict.predict(services, user=OPERATOR, project="paint", data=tiny.picture("red"))
    assert (again["model_version"], again["predicted"]) == (1, "red")


@pytest.mark.parametrize("error", [Overloaded("full."), None])
def test_what_is_not_the_versions_fault_is_no_failure_of_it(error: SightloopError | None) -> None:
    assert not breaking.is_mishap(error)


def test_where_no_version_is_live_nothing_is_written_down(services: Services, project: Project) -> None:
    errors: dict[str, Any] = {"a": RuntimeError("no")}
    breaking.note(services, project_id=project.id, version_id=None, errors=errors)
    assert kept_of(services) == []
