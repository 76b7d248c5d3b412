"""Twenty at once send pictures that all have the same name: each content is stored once and answered rightly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sightloop.flows import answer, checking
from sightloop.flows.services import Services
from sightloop.store import projects
from tests import tiny
from tests.e2e.running import Running, opened, prepared, serving, upload

CONTENTS = [(colour, seed) for colour in ("red", "blue") for seed in range(40)]
SENT = [*CONTENTS, *CONTENTS[::4]]  # every fourth content is sent twice, maybe at the same moment
THREADS = 20
LATER = {"picture_without_link", "link_without_picture"}  # the class folders follow within seconds


def flood(running: Running, token: str) -> list[tuple[str, dict[str, Any]]]:
    """Everything sent, each as its colour and the row that answered it."""

    def send(one: tuple[str, int]) -> tuple[str, dict[str, Any]]:
        said = upload(client, tiny.picture(one[0], seed=one[1]), name="photo.jpg")
        assert said.status_code in (200, 201), said.text
        return one[0], said.json()["files"][0]

    with running.client(token) as client, ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(send, SENT))


def test_a_hundred_uploads_under_one_name_from_twenty_threads_are_stored_once_each(tmp_path: Path) -> None:
    token = prepared(tmp_path / "data")
    with serving(tmp_path / "data", worker=True) as running:
        rows = flood(running, token)
    assert len(rows) == 100
    assert {row["outcome"] for _, row in rows} == {"stored", "duplicate"}
    assert sum(row["outcome"] == "stored" for _, row in rows) == len(CONTENTS)
    assert len({row["image"]["id"] for _, row in rows}) == len({row["image"]["sha256"] for _, row in rows})
    with opened(tmp_path / "data") as services:
        report = checking.check(services, repair=True)
        assert {one["kind"] for one in report["findings"]} <= LATER
        assert (report["ok"], report["images"]) == (True, len(CONTENTS) + 1)
        answers = answered(services, {row["image"]["id"] for _, row in rows})
    assert all(answers[row["image"]["id"]] == colour for colour, row in rows)


def answered(services: Services, ids: set[str]) -> dict[str, str | None]:
    """What is predicted by id; a picture that found no core in time is answered now, as a worker would."""
    with services.db.connect() as db:
        project = projects.get(db, "paint")
    found = answer.score(services, project_id=project.id, image_ids=sorted(ids), timeout=60)
    return {image.id: image.predicted for image in found}
