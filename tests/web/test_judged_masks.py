"""What is known of versions that segment, over HTTP: plots, comparison, accuracy."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.flows import access, cases, dossier, judging, registry
from sightloop.flows.services import Services
from sightloop.vision.decode import decode
from tests import tiny_masks
from tests.flows import drawn

pytest.importorskip("matplotlib")
AT = "/api/v1/projects/cracks"


@pytest.fixture
def judged(services: Services, admin: TestClient, tmp_path: Path) -> None:
    """Two versions, the first of them live and drawn upon, the second with its plots."""
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    project = access.project_for(services, user=access.OPERATOR, name="cracks", action="train")
    drawn.add(services, 1)
    folder = tiny_masks.bundle(tmp_path / "judged", sharpness=3.0)
    found = judging.judge(bundles.load(folder), cases.held_out(services, project), project=project)
    figures = judging.score(found)
    dossier.complete(folder, judged=found, figures=figures, history=[])
    packed = tmp_path / "judged.bundle"
    sha256 = bundle_format.pack(folder, packed)
    services.blobs.adopt(packed, sha256)
    with services.db.begin() as db:
        registry.enlist(
            db, project, bundle=sha256, family="attention_unet", params={}, metrics={"test": figures},
            snapshot_id=None, by=None,
        )  # fmt: skip


def test_a_version_names_its_plots_and_pictures_are_served_as_such(admin: TestClient, judged: None) -> None:
    assert admin.get(f"{AT}/models/2").json()["plots"] == ["best", "dice", "threshold", "worst"]
    assert admin.get(f"{AT}/models/1").json()["plots"] == []
    worst = admin.get(f"{AT}/models/2/plots/worst")
    assert (worst.headers["content-type"], worst.content[8:12]) == ("image/webp", b"WEBP")
    assert decode(worst.content).shape[1] >= 3 * 64 + 12
    assert admin.get(f"{AT}/models/2/plots/dice").headers["content-type"] == "image/svg+xml"
    missing = admin.get(f"{AT}/models/2/plots/confusion")
    assert (missing.status_code, "best, dice, threshold, worst" in missing.text) == (422, True)


def test_versions_are_compared_by_their_dice(admin: TestClient, judged: None) -> None:
    found = admin.get(f"{AT}/models/compare", params={"a": "1", "b": "2"}).json()
    assert (found["measure"], found["n"], found["a"]["dice"], found["a"]["accuracy"]) == ("dice", 0, None, None)
    assert "evaluate it on the test side" in found["reason"]


def test_the_live_accuracy_has_the_dice_of_what_people_drew(admin: TestClient, judged: None) -> None:
    found = admin.get(f"{AT}/accuracy").json()
    assert (found["measure"], found["compared"], found["dice"]["value"], found["accepted"]["value"]) == (
        "dice",
        1,
        1,
        1,
    )
    assert found["classes"] == ["crack", "nothing"]


def test_a_deleted_picture_is_shown_by_no_version(admin: TestClient, services: Services, judged: None) -> None:
    for image in admin.get("/api/v1/projects/cracks/images").json()["items"]:
        admin.delete(f"/api/v1/images/{image['id']}")
        admin.delete(f"/api/v1/images/{image['id']}/permanently")
    assert admin.get(f"{AT}/models/2/plots/worst").status_code == 404
