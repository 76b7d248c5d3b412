"""Evaluations and exports over HTTP: jobs from the first answer to the file, with no word of where things lie."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Project
from sightloop.flows import jobs as job_flows
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs, versions
from sightloop.web.shapes import without_folders
from tests import tiny
from tests.web.people import bearer

Picture = Callable[..., bytes]
PAINT = "/api/v1/projects/paint"
ZIPPED = {"Content-Type": "application/zip"}


@pytest.fixture
def at_work(admin: TestClient, paint: Project, services: Services) -> TestClient:
    """The browser of an admin, with a project that has a model and two pictures."""
    packed = services.data / "model.bundle"
    digest = tiny.packed(services.data / "model", packed, ("red", "blue"))
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        versions.add(db, paint.id, bundle=digest, family="linear", params={}, metrics={})
    sent = [("files", (f"{seed}.jpg", tiny.picture("red", seed=seed), "image/jpeg")) for seed in range(2)]
    assert admin.post(f"{PAINT}/images", files=sent).status_code == 201
    return admin


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as written:
        for seed, name in enumerate(names):
            written.writestr(name, tiny.picture(name.split("/")[0] if "/" in name else "red", seed=seed))
    return packed.getvalue()


def carry(services: Services, job_id: str) -> None:
    tiny.run(services, job_flows.show(services, user=OPERATOR, job_id=job_id))
    job_flows.clear_up(services, job_id)


def test_an_export_is_asked_for_waited_for_and_fetched(at_work: TestClient, services: Services) -> None:
    asked = at_work.post(f"{PAINT}/exports", params={"status": "ready"})
    assert asked.status_code == 202, asked.text
    url = f"/api/v1/jobs/{asked.json()['id']}"
    assert at_work.get(f"{url}/download").status_code == 409
    carry(services, asked.json()["id"])
    found = at_work.get(f"{url}/download")
    assert found.headers["content-disposition"] == 'attachment; filename="paint.zip"'
    assert len(found.content) == at_work.get(url).json()["context"]["bytes"]
    assert sum(name.endswith(".jpg") for name in zipfile.ZipFile(io.BytesIO(found.content)).namelist()) == 2


def test_a_download_that_broke_off_goes_on_where_it_was(at_work: TestClient, services: Services) -> None:
    job_id = at_work.post(f"{PAINT}/exports").json()["id"]
    carry(services, job_id)
    whole = at_work.get(f"/api/v1/jobs/{job_id}/download").content
    rest = at_work.get(f"/api/v1/jobs/{job_id}/download", headers={"Range": "bytes=100-"})
    assert (rest.status_code, rest.content) == (206, whole[100:])


def test_another_job_has_nothing_to_download(at_work: TestClient) -> None:
    job_id = at_work.post(f"{PAINT}/evaluations", json={"version": "1"}).json()["id"]
    assert at_work.get(f"/api/v1/jobs/{job_id}/download").status_code == 404


def test_labelled_pictures_are_scored_and_removed(at_work: TestClient, services: Services) -> None:
    body = archive("red/a.jpg", "blue/b.jpg")
    asked = at_work.post(f"{PAINT}/evaluations/archive", params={"version": 1}, content=body, headers=ZIPPED)
    assert asked.status_code == 202, asked.text
    assert len(list((services.data / "imports").iterdir())) == 1
    carry(services, asked.json()["id"])
    job = at_work.get(f"/api/v1/jobs/{asked.json()['id']}").json()
    assert (job["state"], job["context"]["evaluation"]["n"]) == ("done", 2)
    assert list((services.data / "imports").iterdir()) == []
    assert str(services.data) not in str(job)


def test_pictures_of_other_classes_are_refused_at_once_and_removed(at_work: TestClient, services: Services) -> None:
    body = archive("green/a.jpg")
    answer = at_work.post(f"{PAINT}/evaluations/archive", params={"version": 1}, content=body, headers=ZIPPED)
    assert answer.status_code == 422
    assert "'green'" in answer.json()["detail"]
    assert list((services.data / "imports").iterdir()) == []


def test_a_job_that_broke_tells_no_path_of_the_server(at_work: TestClient, services: Services, paint: Project) -> None:
    where = services.data / "deep" / "file.bin"
    with services.db.begin() as db:
        job = jobs.enqueue(db, kind="nothing", steps=("nothing",), project_id=paint.id)
        jobs.claim(db, worker="w", job_id=job.id)
        jobs.append_log(db, job.id, f'File "{where}", line 3')
        jobs.fail(db, job.id, fence=1, error=f"OSError: [Errno 28] No space left on device: '{where}'")
    found = at_work.get(f"/api/v1/jobs/{job.id}").json()
    log = at_work.get(f"/api/v1/jobs/{job.id}/log").json()["items"]
    assert found["error"] == "OSError: [Errno 28] No space left on device: 'file.bin'"
    assert [one["line"] for one in log] == ['File "file.bin", line 3']


@pytest.mark.parametrize(
    "text", ["red/1.jpg is broken", "see https://example.org/a/b", "and/or", "3 / 4 / 5", "s3://bucket/a/b", "a //b"]
)
def test_what_is_no_absolute_path_is_left_as_it_is(text: str) -> None:
    assert without_folders(text) == text


def test_a_viewer_may_not_send_pictures_to_be_scored(
    client: TestClient, paint: Project, token: Callable[..., str]
) -> None:
    headers = {**bearer(token("viewer", project="paint")), **ZIPPED}
    answer = client.post(f"{PAINT}/evaluations/archive", content=archive("red/a.jpg"), headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("url", [f"{PAINT}/exports", f"{PAINT}/evaluations"])
def test_a_job_that_is_asked_for_twice_with_one_key_is_queued_once(at_work: TestClient, url: str) -> None:
    sent = {"version": "1"} if url.endswith("evaluations") else None
    asked = [at_work.post(url, headers={"Idempotency-Key": "once"}, json=sent) for _ in range(2)]
    assert [one.status_code for one in asked] == [202, 202], asked[0].text
    assert asked[0].json() == asked[1].json()
    assert asked[0].json()["project"] == "paint"
    assert len(at_work.get("/api/v1/jobs?kind=export&kind=evaluate").json()["items"]) == 1


def test_an_archive_that_is_sent_twice_with_one_key_is_kept_once(at_work: TestClient, services: Services) -> None:
    body, headers = archive("red/a.jpg"), {**ZIPPED, "Idempotency-Key": "once"}
    url = f"{PAINT}/evaluations/archive?version=1"
    first, second = (at_work.post(url, content=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.json()) == (202, first.json())
    assert len(list((services.data / "imports").iterdir())) == 1
    assert at_work.post(url, content=archive("blue/b.jpg"), headers=headers).status_code == 422
    assert len(list((services.data / "imports").iterdir())) == 1


def test_a_model_without_a_card_and_the_deployment_log_are_told_in_words(
    at_work: TestClient, services: Services, paint: Project
) -> None:
    folder = tiny.bundle(services.data / "bare", ("red", "blue"), sharpness=3)
    (folder / "card.md").unlink()
    bundle_format.write(folder, bundle_format.parse(folder))
    bundle = bundle_format.pack(folder, services.data / "bare.bundle")
    services.blobs.adopt(services.data / "bare.bundle", bundle)
    with services.db.begin() as db:
        versions.add(db, paint.id, bundle=bundle, family="linear", params={}, metrics={})
    shown = at_work.get(f"{PAINT}/models/2")
    assert (shown.status_code, shown.json()["card"]) == (200, None)
    assert at_work.post(f"{PAINT}/models/1/promote").json()["version"] == 1
    at_work.post(f"{PAINT}/models/2/promote", json={"reason": "new", "force": True})
    [last, first] = at_work.get(f"{PAINT}/promotions").json()["items"]
    assert [last["version"], last["replaced"], last["by_name"], first["replaced"]] == [2, 1, "Ana", None]


def test_the_history_of_a_picture_has_times_and_names(at_work: TestClient) -> None:
    image = at_work.get(f"{PAINT}/images").json()["items"][0]
    at_work.put(f"/api/v1/images/{image['id']}/label", json={"value": "red"})
    rows = at_work.get(f"/api/v1/images/{image['id']}/history").json()["items"]
    assert {row["by_name"] for row in rows if row["kind"] == "label"} == {"Ana"}
    assert all(row["at"].endswith("Z") for row in rows)
