"""What the API says of snapshots and lineage: shapes, files, who may ask."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import ModelVersion, Project
from sightloop.flows.services import Services
from sightloop.store import images
from tests import cascaded
from tests.flows import labelled
from tests.web.people import bearer

P = "/api/v1/projects/paint"


@pytest.fixture
def paint(services: Services, tmp_path: Path) -> Project:
    return cascaded.project(services, tmp_path, certify=False)


@pytest.fixture
def first(services: Services, paint: Project) -> str:
    found: str = labelled.freeze(services, paint)["snapshot_id"]
    return found


@pytest.fixture
def live(services: Services, paint: Project, first: str, tmp_path: Path) -> ModelVersion:
    """A live version made of the first snapshot."""
    return cascaded.member(services, paint, tmp_path, sharpness=4.0, snapshot_id=first)


def rows(client: TestClient, snapshot: str) -> list[dict[str, Any]]:
    """The lines of an exported snapshot."""
    return [json.loads(line) for line in client.get(f"{P}/snapshots/{snapshot}/export").text.splitlines()]


def one_on(client: TestClient, snapshot: str, side: str) -> str:
    return next(str(row["image_id"]) for row in rows(client, snapshot) if row["side"] == side)


def test_a_snapshot_is_listed_with_its_counts_and_versions(admin: TestClient, first: str, live: ModelVersion) -> None:
    [found] = admin.get(f"{P}/snapshots").json()["items"]
    assert (found["id"], found["n"], found["versions"]) == (first, 3 * cascaded.EACH, [1])
    assert sum(sum(side.values()) for side in found["counts"].values()) == found["n"]
    assert (found["held_back"], found["waiting"], found["new"]) == ({}, {}, None)
    assert found["at"].endswith("Z")


def test_a_diff_counts_and_shows_the_differences_by_class(
    admin: TestClient, services: Services, paint: Project, first: str, live: ModelVersion
) -> None:
    new = labelled.add(services, paint, "another", label="red", side="train")
    with services.db.connect() as db:
        [old] = images.many(db, [one_on(admin, first, "train")])
    labelled.relabel(services, old, "green" if old.label != "green" else "blue")
    later = labelled.freeze(services, paint)["snapshot_id"]
    found = admin.get(f"{P}/snapshots/{later}/diff").json()
    assert {name: found[name] for name in ("against", "added", "removed", "relabelled", "moved")} == {
        "against": first, "added": 1, "removed": 0, "relabelled": 1, "moved": 0,
    }  # fmt: skip
    assert found["examples"]["added"] == [new.id]
    [changed] = found["examples"]["relabelled"]
    assert (changed["image_id"], changed["before"]) == (old.id, old.label)
    assert {row["class"] for row in found["per_class"]} == {"red", "green", "blue"}
    assert sum(row["after"] - row["before"] for row in found["per_class"]) == 1
    backwards = admin.get(f"{P}/snapshots/{first}/diff", params={"against": later}).json()
    assert (backwards["added"], backwards["removed"]) == (0, 1)
    newest = admin.get(f"{P}/snapshots").json()["items"][0]
    assert (newest["id"], newest["new"]["n"]) == (later, 2)
    assert newest["new"]["share"] == pytest.approx(0.3, abs=1e-3)


def test_the_first_snapshot_differs_from_nothing(admin: TestClient, first: str) -> None:
    found = admin.get(f"{P}/snapshots/{first}/diff").json()
    assert (found["against"], found["before"], found["after"]) == (None, 0, 3 * cascaded.EACH)


def test_an_export_is_a_file_to_keep_with_the_bytes_of_the_hash(admin: TestClient, first: str) -> None:
    answer = admin.get(f"{P}/snapshots/{first}/export")
    [told] = admin.get(f"{P}/snapshots").json()["items"]
    assert hashlib.sha256(answer.content).hexdigest() == told["hash"]
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["content-disposition"] == f'attachment; filename="paint-snapshot-{first}.jsonl"'
    table = admin.get(f"{P}/snapshots/{first}/export", params={"form": "csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert [row["image_id"] for row in csv.DictReader(io.StringIO(table.text))] == [
        row["image_id"] for row in rows(admin, first)
    ]
    assert admin.get(f"{P}/snapshots/{first}/export", params={"form": "xml"}).status_code == 422


@pytest.mark.parametrize("path", ["nothing/diff", "nothing/export", "{first}/diff?against=nothing"])
def test_an_unknown_snapshot_is_not_found(admin: TestClient, first: str, path: str) -> None:
    assert admin.get(f"{P}/snapshots/{path.format(first=first)}").status_code == 404


def test_who_is_not_in_the_project_finds_nothing(
    client: TestClient, token: Callable[..., str], services: Services, first: str, live: ModelVersion
) -> None:
    with services.db.connect() as db:
        image = next(iter(images.stream(db, live.project_id)))
    stranger = bearer(token("viewer"))
    for path in (f"{P}/snapshots", f"{P}/snapshots/{first}/diff", f"{P}/snapshots/{first}/export"):
        assert client.get(path, headers=stranger).status_code == 404, path
    assert client.get(f"/api/v1/images/{image.id}/lineage", headers=stranger).status_code == 404
    asked = client.post(f"{P}/lineage", json={"image_ids": [image.id]}, headers=stranger)
    assert asked.status_code == 404


def test_a_token_that_may_only_look_exports_nothing(client: TestClient, token: Callable[..., str], first: str) -> None:
    weak = bearer(token("viewer", project="paint", scopes=("view",)))
    assert client.get(f"{P}/snapshots/{first}/diff", headers=weak).status_code == 200
    assert client.get(f"{P}/snapshots/{first}/export", headers=weak).status_code == 403


def test_a_picture_tells_what_it_taught_and_judged(admin: TestClient, first: str, live: ModelVersion) -> None:
    image = one_on(admin, first, "train")
    found = admin.get(f"/api/v1/images/{image}/lineage").json()
    [taught] = found["taught"]
    assert taught == {"version": 1, "version_id": live.id, "side": "train", "live": True, "snapshot_id": first}
    assert (found["judged"], found["prediction"]) == ([], None)
    assert found["sentence"] == "Version 1, which is live, learnt from it."
    judged = admin.get(f"/api/v1/images/{one_on(admin, first, 'test')}/lineage").json()
    assert ([one["side"] for one in judged["judged"]], judged["taught"]) == (["test"], [])


def test_pictures_are_asked_about_together_and_at_most_a_thousand(
    admin: TestClient, first: str, live: ModelVersion
) -> None:
    everything = [row["image_id"] for row in rows(admin, first)]
    teaching = sum(row["side"] != "test" for row in rows(admin, first))
    found = admin.post(f"{P}/lineage", json={"image_ids": everything}).json()
    assert found["versions"] == [{"version": 1, "version_id": live.id, "live": True, "pictures": teaching}]
    assert admin.post(f"{P}/lineage", json={"image_ids": ["x"] * 1001}).status_code == 422


def test_an_answer_names_the_bytes_it_comes_from(
    admin: TestClient, services: Services, first: str, live: ModelVersion
) -> None:
    with services.db.connect() as db:
        [image] = images.many(db, [one_on(admin, first, "test")])
    said = labelled.answer(services, image, live, "red").prediction_id
    found = admin.get(f"/api/v1/predictions/{said}/lineage").json()
    [taken] = admin.get(f"{P}/snapshots").json()["items"]
    assert (found["sha256"], found["bundle"], found["snapshot"]) == (image.sha256, live.bundle, taken["hash"])
    assert (found["version"], found["family"], found["threshold"]) == (1, "linear", None)
    assert admin.get(f"/api/v1/images/{image.id}/lineage").json()["prediction"] == found
    assert admin.get("/api/v1/predictions/nothing/lineage").status_code == 404


def test_a_picture_removed_for_good_names_the_versions_that_learnt_from_it(
    admin: TestClient, first: str, live: ModelVersion
) -> None:
    image = one_on(admin, first, "train")
    assert admin.delete(f"/api/v1/images/{image}").status_code == 200
    gone = admin.delete(f"/api/v1/images/{image}/permanently")
    assert gone.json() == {
        "image_id": image, "taught": [1], "sentence": "Version 1, which is live, learnt from it.",
    }  # fmt: skip
    assert image in {row["image_id"] for row in rows(admin, first)}
