"""Data sets of masks over HTTP: a ZIP in, and the same masks out in every form."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from sightloop.flows import jobs as job_flows
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.vision import masks
from tests import tiny, tiny_masks

CRACKS = "/api/v1/projects/cracks"
ZIPPED = {"Content-Type": "application/zip"}


@pytest.fixture
def at_work(admin: TestClient, services: Services, tmp_path: Path) -> TestClient:
    """The browser of an admin, with a project of four masks that came as a ZIP."""
    tiny_masks.project(services)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for path in sorted(tiny_masks.folder(tmp_path / "set", 4).rglob("*.png")):
            file.write(path, path.relative_to(tmp_path).as_posix())
    asked = admin.post(f"{CRACKS}/imports", content=packed.getvalue(), headers=ZIPPED)
    assert asked.status_code == 202, asked.text
    tiny.run(services, job_flows.show(services, user=OPERATOR, job_id=asked.json()["id"]))
    found = admin.get(f"/api/v1/jobs/{asked.json()['id']}").json()["context"]["import"]
    assert (found["layout"], found["masks"]) == ("masks", 4)
    return admin


@pytest.mark.parametrize(
    ("form", "file"),
    [("masks", "masks/2.png"), ("coco", "annotations.json"), ("yolo", "data.yaml"), (None, "classes.txt")],
)
def test_an_export_has_the_form_that_was_asked_for(at_work: TestClient, form: str | None, file: str) -> None:
    found = at_work.get(f"{CRACKS}/export", params={"format": form} if form else {})
    assert (found.status_code, found.headers["x-total-count"]) == (200, "4")
    assert {file, "metadata.json", "dataset.csv"} <= set(zipfile.ZipFile(io.BytesIO(found.content)).namelist())


def test_an_export_job_has_the_form_that_was_asked_for(at_work: TestClient, services: Services) -> None:
    asked = at_work.post(f"{CRACKS}/exports", params={"format": "coco"})
    tiny.run(services, job_flows.show(services, user=OPERATOR, job_id=asked.json()["id"]))
    found = at_work.get(f"/api/v1/jobs/{asked.json()['id']}/download").content
    assert "annotations.json" in zipfile.ZipFile(io.BytesIO(found)).namelist()


def test_a_mask_comes_out_as_it_went_in(at_work: TestClient) -> None:
    archive = zipfile.ZipFile(io.BytesIO(at_work.get(f"{CRACKS}/export").content))
    assert np.array_equal(masks.decode(archive.read("masks/2.png")), tiny_masks.draw(2)[1])


@pytest.mark.parametrize(("project", "form"), [("cracks", "voc"), ("paint", "coco")])
def test_a_form_that_does_not_fit_is_refused(
    at_work: TestClient, services: Services, paint: object, project: str, form: str
) -> None:
    for verb, path in (("GET", "export"), ("POST", "exports")):
        found = at_work.request(verb, f"/api/v1/projects/{project}/{path}", params={"format": form})
        assert found.status_code == 422
