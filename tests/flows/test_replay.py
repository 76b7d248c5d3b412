"""A prediction asked for again gives the same numbers, or says why not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from sightloop import bundles, wiring
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import Missing
from sightloop.flows import library
from sightloop.flows.access import OPERATOR
from sightloop.flows.replay import replay
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import images, projects, versions
from sightloop.store.tables import predictions
from sightloop.vision.decode import decode
from tests import tiny

STRANGER = User(id="stranger", email="s@example.org", name="s", role="viewer", created_at=0.0)


@pytest.fixture
def said(
    services: Services,
    project: Project,
    model: Callable[..., int],
    kept: Callable[..., Image],
    picture: Callable[..., bytes],
) -> Json:
    """A stored picture's prediction, its id and those of its picture."""
    model(project)
    image = kept(picture("blue", width=200, height=160))
    found = library.show(services, user=OPERATOR, image_id=image.id)["prediction"]
    return {**found, "sha256": image.sha256}


def _altered(services: Services, prediction_id: str, by: float) -> None:
    """Add to one probability of the record."""
    with services.db.begin() as db:
        c = predictions.c
        before = db.execute(predictions.select().where(c.id == prediction_id)).one().probabilities
        changed = {**before, "red": before["red"] + by}
        db.execute(update(predictions).where(c.id == prediction_id).values(probabilities=changed))


def test_the_same_version_gives_the_same_numbers(services: Services, said: Json) -> None:
    found = replay(services, user=OPERATOR, prediction_id=said["id"])
    assert (found["same"], found["reason"], found["largest_difference"]) == (True, None, 0.0)
    assert found["recorded"] == found["now"]
    assert found["now"]["predicted"] == "blue"
    assert (found["prediction_id"], found["image_id"], found["version"]) == (said["id"], said["image_id"], 1)


def test_a_later_version_being_live_changes_nothing(
    services: Services, project: Project, said: Json, model: Callable[..., int]
) -> None:
    model(project, sharpness=1.0)
    assert replay(services, user=OPERATOR, prediction_id=said["id"])["same"]


@pytest.mark.parametrize(("by", "word"), [(3e-5, "order"), (0.2, "same bytes")])
def test_other_numbers_are_told_with_how_far_off_they_are(services: Services, said: Json, by: float, word: str) -> None:
    _altered(services, said["id"], by)
    found = replay(services, user=OPERATOR, prediction_id=said["id"])
    assert not found["same"]
    assert found["largest_difference"] == pytest.approx(by)
    assert word in found["reason"]


def test_a_bundle_that_is_gone_is_the_reason(services: Services, said: Json) -> None:
    shutil.rmtree(services.data / "cache" / "bundles")
    with services.db.connect() as db:
        bundle = str(db.exec_driver_sql("select bundle from versions").scalar_one())
    services.blobs.delete(bundle)
    restarted = wiring.build(Settings(data=services.data, workers=1))
    found = replay(restarted, user=OPERATOR, prediction_id=said["id"])
    restarted.close()
    assert (found["same"], found["now"]) == (False, None)
    assert bundle[:8] in found["reason"]


def test_a_picture_whose_bytes_are_gone_is_the_reason(services: Services, said: Json) -> None:
    services.blobs.delete(said["sha256"])
    found = replay(services, user=OPERATOR, prediction_id=said["id"])
    assert (found["same"], found["now"], found["largest_difference"]) == (False, None, None)
    assert found["reason"]


def test_a_prediction_of_a_purged_picture_is_missing_and_says_why(services: Services, said: Json) -> None:
    with services.db.begin() as db:
        images.purge(db, images.trash(db, images.get(db, said["image_id"]), by=None))
    with pytest.raises(Missing) as caught:
        replay(services, user=OPERATOR, prediction_id=said["id"])
    assert "removed for good" in caught.value.hint


def test_a_stranger_learns_nothing(services: Services, said: Json) -> None:
    with pytest.raises(Missing):
        replay(services, user=STRANGER, prediction_id=said["id"])


def test_numbers_of_either_graph_of_a_version_are_found_again(
    services: Services, project: Project, kept: Callable[..., Image], picture: Callable[..., bytes], tmp_path: Path
) -> None:
    folder, packed = tiny.bundle(tmp_path / "both"), tmp_path / "packed"
    shutil.copyfile(tiny.bundle(tmp_path / "other", sharpness=2.0) / "model.onnx", folder / "model.int8.onnx")
    bundle_format.write(folder, bundle_format.parse(folder))
    digest = bundle_format.pack(folder, packed)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        version = versions.add(db, project.id, bundle=digest, family="linear", params={}, metrics={})
        projects.set_live(db, project.id, version_id=version.id, by=None, action="promote")
    services.runtime.refresh()
    image = kept(picture("red"))
    said = library.show(services, user=OPERATOR, image_id=image.id)["prediction"]
    reasons = []
    for precision in ("fp32", "int8"):
        predictor = bundles.load(folder, precision=precision)
        values = predictor.predict([decode(picture("red"), shrink_to=16)]).probabilities[0].tolist()
        recorded = dict(zip(predictor.classes, values, strict=True))
        with services.db.begin() as db:
            db.execute(update(predictions).where(predictions.c.id == said["id"]).values(probabilities=recorded))
        found = replay(services, user=OPERATOR, prediction_id=said["id"])
        assert found["same"]
        assert found["now"]["probabilities"] == pytest.approx(recorded)
        reasons.append(found["reason"])
    assert sum(reason is not None for reason in reasons) == 1
