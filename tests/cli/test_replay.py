"""`sightloop replay PREDICTION_ID`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.flows import answer, library, upload
from sightloop.flows.access import OPERATOR
from sightloop.settings import Settings
from sightloop.store import projects, versions
from tests import tiny

Ask = Callable[..., Any]


@pytest.fixture
def prediction(data: Path, pictures: Path, ask: Ask, tmp_path: Path) -> str:
    """The id of what a tiny model said of a stored picture."""
    ask("project", "create", "paint")
    services = wiring.build(Settings(data=data, workers=1))
    packed, photo = tmp_path / "packed", services.blobs.incoming / "photo"
    digest = tiny.packed(tmp_path / "bundle", packed, ("red", "blue"))
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        project = projects.get(db, "paint")
        version = versions.add(db, project.id, bundle=digest, family="linear", params={}, metrics={})
        projects.set_live(db, project.id, version_id=version.id, by=None, action="promote")
    content = next((pictures / "red").iterdir()).read_bytes()
    photo.write_bytes(content)
    incoming = upload.Incoming("photo.jpg", photo, hashlib.sha256(content).hexdigest(), len(content))
    [kept] = upload.keep(services, user=OPERATOR, project="paint", incoming=[incoming])
    assert kept.image is not None
    [image] = answer.score(services, project_id=project.id, image_ids=[kept.image.id], timeout=30)
    said = library.show(services, user=OPERATOR, image_id=image.id)["prediction"]
    services.close()
    return str(said["id"])


def test_a_replay_prints_both_sides_and_leaves_with_0(
    prediction: str, data: Path, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("replay", prediction)["same"] is True
    assert run(["--data", str(data), "replay", prediction]) == 0
    printed = capsys.readouterr().out
    assert "The same numbers." in printed
    assert "p(red)" in printed


def test_an_unknown_prediction_leaves_with_1(data: Path, refusal: Callable[..., tuple[int, str]]) -> None:
    code, said = refusal("replay", "nothing")
    assert code == 1
    assert "no prediction 'nothing'" in said
