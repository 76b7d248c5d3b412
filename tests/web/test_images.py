"""Pictures over HTTP: upload, look, correct, delete, and what a bad file does to the others: nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Json, Project
from sightloop.flows.services import Services
from tests.web.people import bearer, register, sign_in

UPLOAD = "/api/v1/projects/paint/images"
Picture = Callable[..., bytes]


@pytest.fixture
def at_work(admin: TestClient, paint: Project) -> TestClient:
    return admin


def send(client: TestClient, *files: tuple[str, bytes], **headers: str) -> tuple[int, Json]:
    answer = client.post(UPLOAD, files=[("files", (name, data, "image/jpeg")) for name, data in files], headers=headers)
    found: Json = answer.json()
    return answer.status_code, found


def stored(client: TestClient, picture: Picture, seed: int = 0) -> Json:
    found: Json = send(client, ("a.jpg", picture(seed)))[1]["files"][0]["image"]
    return found


def test_one_bad_file_does_not_fail_the_batch(at_work: TestClient, picture: Picture) -> None:
    good = [(f"{seed}.jpg", picture(seed)) for seed in range(10)]
    status, report = send(at_work, *good, ("bad.jpg", b"not a picture"))
    assert status == 201
    assert (report["total"], report["stored"], report["duplicate"], report["failed"]) == (11, 10, 0, 1)
    assert report["files"][10]["reason"]


def test_an_upload_is_answered_at_once_with_what_is_known_of_the_picture(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    assert image["status"] == "ready"
    assert (image["width"], image["height"]) == (64, 48)
    assert image["created_at"].endswith("Z")


def test_the_same_bytes_again_are_a_duplicate_and_not_an_error(at_work: TestClient, picture: Picture) -> None:
    first = stored(at_work, picture)
    status, report = send(at_work, ("other name.jpg", picture()))
    assert status == 200
    assert report["duplicate"] == 1
    assert report["files"][0]["image"]["id"] == first["id"]


@pytest.mark.parametrize("field", ["image", "file", "files"])
def test_a_picture_may_come_under_each_of_the_three_field_names(
    at_work: TestClient, picture: Picture, field: str
) -> None:
    assert at_work.post(UPLOAD, files={field: ("a.jpg", picture(), "image/jpeg")}).status_code == 201


def test_a_file_under_another_field_name_is_refused_by_name(at_work: TestClient, picture: Picture) -> None:
    answer = at_work.post(UPLOAD, files={"photo": ("a.jpg", picture(), "image/jpeg")})
    assert answer.status_code == 422
    assert "'photo'" in answer.json()["files"][0]["reason"]


def test_a_file_that_is_too_large_is_refused_alone(at_work: TestClient, picture: Picture) -> None:
    status, report = send(at_work, ("huge.jpg", b"x" * (2 << 20)), ("small.jpg", picture()))
    assert status == 201
    assert [row["outcome"] for row in report["files"]] == ["failed", "stored"]
    assert "larger" in report["files"][0]["reason"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\windows\\evil.jpg", "a\x00b.jpg", "ü" * 300, ""])
def test_a_file_name_is_data_and_never_a_path(at_work: TestClient, picture: Picture, name: str, tmp_path: Path) -> None:
    files = [("files", (name or "x", picture(), "image/jpeg"))]
    kept = at_work.post(UPLOAD, files=files).json()["files"][0]["image"]["name"]
    assert "/" not in kept
    assert "\\" not in kept
    assert 1 <= len(kept) <= 255


@pytest.mark.parametrize(
    "body",
    [b"", b"--x", b"--x\r\n\r\n", b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'],
)
def test_a_multipart_body_that_breaks_off_is_refused_and_leaves_nothing(
    at_work: TestClient, services: Services, body: bytes
) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert at_work.post(UPLOAD, content=body, headers=kind).status_code == 422
    assert list(services.blobs.incoming.glob("upload-*")) == []


def test_no_temp_file_outlives_its_request(at_work: TestClient, services: Services, picture: Picture) -> None:
    send(at_work, ("a.jpg", picture()), ("a.jpg", picture()), ("bad.jpg", b"no"), ("empty.jpg", b""))
    assert list(services.blobs.incoming.glob("upload-*")) == []


def test_a_client_can_ask_which_files_it_need_not_send(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    known = at_work.post(f"{UPLOAD}/known", json={"checksums": [image["sha256"], "0" * 64]}).json()
    assert known == {image["sha256"]: image["id"]}


def test_the_same_key_sends_an_upload_once_and_gets_the_same_answer(at_work: TestClient, picture: Picture) -> None:
    first = send(at_work, ("a.jpg", picture()), **{"Idempotency-Key": "k1"})
    again = send(at_work, ("a.jpg", picture()), **{"Idempotency-Key": "k1"})
    assert first == again
    assert first[0] == 201


def test_a_key_that_was_used_for_other_files_is_refused(at_work: TestClient, picture: Picture) -> None:
    send(at_work, ("a.jpg", picture(1)), **{"Idempotency-Key": "k1"})
    assert send(at_work, ("a.jpg", picture(2)), **{"Idempotency-Key": "k1"})[0] == 422


def test_pages_follow_one_another_without_a_gap(at_work: TestClient, picture: Picture) -> None:
    send(at_work, *[(f"{seed}.jpg", picture(seed)) for seed in range(5)])
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = at_work.get(UPLOAD, params=query).json()
        seen += [image["name"] for image in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == [f"{seed}.jpg" for seed in range(5)]


def test_a_misspelt_filter_value_is_refused(at_work: TestClient) -> None:
    assert at_work.get(UPLOAD, params={"status": "redy"}).status_code == 422


def test_a_correction_with_an_old_revision_gets_the_current_value(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    url = f"/api/v1/images/{image['id']}/label"
    assert at_work.put(url, json={"value": "red", "revision": image["revision"]}).status_code == 200
    late = at_work.put(url, json={"value": "blue", "revision": image["revision"]})
    assert late.status_code == 409
    assert late.json()["current"]


def test_a_label_that_is_no_class_of_the_project_is_refused_with_a_hint(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    answer = at_work.put(f"/api/v1/images/{image['id']}/label", json={"value": "green"})
    assert answer.status_code == 422
    assert "green" in answer.json()["detail"]


def test_one_picture_is_shown_with_its_history(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    at_work.put(f"/api/v1/images/{image['id']}/label", json={"value": "red"})
    shown = at_work.get(f"/api/v1/images/{image['id']}").json()
    assert shown["label"] == "red"
    assert "model_confidence" in shown
    assert at_work.get(f"/api/v1/images/{image['id']}/history").json()["items"]


def test_deleting_is_undone_from_the_trash_until_it_is_for_good(at_work: TestClient, picture: Picture) -> None:
    url = f"/api/v1/images/{stored(at_work, picture)['id']}"
    assert at_work.delete(f"{url}/permanently").status_code == 422
    assert at_work.delete(url).json()["trashed_at"]
    assert at_work.post(f"{url}/restore").json()["trashed_at"] is None
    at_work.delete(url)
    gone = at_work.delete(f"{url}/permanently")
    assert gone.json()["sentence"] == "No version learnt from it."
    assert at_work.get(url).status_code == 404


def test_a_bulk_action_refuses_another_count_than_the_person_confirmed(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    action = {"action": "label", "value": "red", "image_ids": [image["id"]]}
    assert at_work.post(f"{UPLOAD}/bulk", json={**action, "expected": 2}).status_code == 409
    assert at_work.post(f"{UPLOAD}/bulk", json={**action, "expected": 1}).json()["changed"] == 1


def test_a_thumbnail_is_a_webp_that_a_browser_may_keep(at_work: TestClient, picture: Picture) -> None:
    url = f"/api/v1/images/{stored(at_work, picture)['id']}/thumbnail"
    first = at_work.get(url)
    assert first.headers["content-type"] == "image/webp"
    assert first.content[8:12] == b"WEBP"
    assert at_work.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_an_original_is_only_ever_an_attachment(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    answer = at_work.get(f"/api/v1/images/{image['id']}/original")
    assert answer.content == picture()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_second_user_gets_404_for_a_picture_of_somebody_else(at_work: TestClient, picture: Picture) -> None:
    image = stored(at_work, picture)
    other = TestClient(at_work.app, headers={"X-Sightloop": "1"})
    register(other, "ben@example.org")
    sign_in(other, "ben@example.org")
    for path in ("", "/thumbnail", "/original", "/history"):
        assert other.get(f"/api/v1/images/{image['id']}{path}").status_code == 404


def test_an_export_is_a_zip_with_the_count_it_promised(at_work: TestClient, picture: Picture) -> None:
    send(at_work, *[(f"{seed}.jpg", picture(seed)) for seed in range(3)])
    answer = at_work.get("/api/v1/projects/paint/export")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert answer.headers["x-total-count"] == "3"
    assert sum(name.endswith(".jpg") for name in names) == 3


def test_a_zip_becomes_an_import_job_that_shows_no_path_of_the_server(
    at_work: TestClient, picture: Picture, services: Services
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("red/a.jpg", picture())
    kind = {"Content-Type": "application/zip"}
    answer = at_work.post("/api/v1/projects/paint/imports", content=packed.getvalue(), headers=kind)
    assert answer.status_code == 202, answer.text
    assert str(services.data) not in answer.text
    assert at_work.get(f"/api/v1/jobs/{answer.json()['id']}").json()["kind"] == "import"


def test_a_zip_that_cannot_be_imported_leaves_no_file(at_work: TestClient, services: Services) -> None:
    kind = {"Content-Type": "application/zip"}
    answer = at_work.post("/api/v1/projects/paint/imports", content=b"PK not a zip", headers=kind)
    assert answer.status_code == 422
    assert list((services.data / "imports").iterdir()) == []


def test_a_viewer_is_told_which_role_is_missing(
    client: TestClient, paint: Project, token: Callable[..., str], picture: Picture
) -> None:
    headers = bearer(token("viewer", project="paint"))
    answer = client.post(UPLOAD, files={"files": ("a.jpg", picture(), "image/jpeg")}, headers=headers)
    assert answer.status_code == 403
    assert "reviewer" in answer.json()["hint"]
