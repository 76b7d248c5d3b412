"""The predecessors' clients: every route of theirs answers with the keys that they read."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sightloop import settings as settings_module
from sightloop.core.entities import Project
from sightloop.core.errors import Rejected
from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.vision import masks
from sightloop.web.app import create_app
from tests import cascaded, tiny, tiny_masks
from tests.web.people import PASSWORD, bearer
from tests.web.tiny_model import put_live

File = tuple[str, bytes, str]
PHOTO: dict[str, File] = {"image": ("a.jpg", tiny.picture("red"), "image/jpeg")}
BAD: File = ("b.jpg", b"not a picture", "image/jpeg")
ANSWER = {"prediction", "confidence", "model_used", "processing_time", "ray_worker_id"}
NOTHING_LEARNT = {"params": '{"weights": "none", "epochs": 1}'}


@pytest.fixture
def old(services: Services, tmp_path: Path) -> dict[str, Project]:
    """A project for each predecessor that classifies, with a model that tells red from blue."""
    made = {}
    for recipe in ("biosight", "cataract", "cats-dogs"):
        made[recipe] = projects.create(
            services, user=OPERATOR, name=f"the-{recipe}", recipe=recipe, classes=("red", "blue")
        )
        put_live(services, made[recipe], tmp_path / recipe)
    return made


@pytest.fixture
def asking(client: TestClient, old: dict[str, Project], token: Callable[..., str]) -> TestClient:
    """A client of a predecessor with nothing but a token."""
    del client.headers["X-Sightloop"]
    client.headers.update(bearer(token("admin")))
    return client


@pytest.mark.parametrize("field", ["image", "file"])
@pytest.mark.parametrize("route", ["predict", "predict_clip", "predict_lgbm", "predict_ensemble"])
def test_every_route_for_answers_gives_its_keys(asking: TestClient, route: str, field: str) -> None:
    answer = asking.post(f"/{route}", files={field: PHOTO["image"]})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() >= ANSWER
    assert answer.json()["ray_worker_id"] == "worker_0"


@pytest.mark.parametrize(
    ("route", "missing"), [("predict_clip", "accurate"), ("predict_lgbm", "fast"), ("predict_ensemble", "cascade")]
)
def test_without_a_cascade_the_live_model_answers_and_says_so(asking: TestClient, route: str, missing: str) -> None:
    said = asking.post(f"/{route}", files=PHOTO).json()["model_used"]
    assert said == f"champion: the-cataract/1 (no {missing} yet)"


def test_a_batch_has_a_row_for_every_file_and_one_that_fails_fails_alone(asking: TestClient) -> None:
    files = [("images", PHOTO["image"]), ("images", BAD), ("files", PHOTO["image"])]
    found = asking.post("/predict_batch", files=files).json()
    assert [row["filename"] for row in found["results"]] == ["a.jpg", "b.jpg", "a.jpg"]
    assert found["results"][0].keys() >= {"filename", *ANSWER}
    assert found["results"][1].keys() == {"filename", "error"}
    assert (found["summary"]["answered"], found["summary"]["failed"]) == (2, 1)


def test_a_project_that_segments_answers_with_status_shape_and_mask(
    client: TestClient, services: Services, tmp_path: Path, token: Callable[..., str]
) -> None:
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    answer = client.post("/predict", files=PHOTO, headers=bearer(token("viewer", project="cracks"))).json()
    assert answer["status"] == "success"
    assert answer["shape"] == [48, 64]
    assert list(masks.decode(base64.b64decode(answer["mask"])).shape) == answer["shape"]


def test_a_training_can_be_asked_for_and_watched(asking: TestClient) -> None:
    assert asking.get("/training_status").json()["status"] == "idle"
    asked = asking.post("/train_clip", params=NOTHING_LEARNT)
    assert asked.status_code == 202, asked.text
    told = asking.get("/training_status", params={"job_id": asked.json()["job_id"]}).json()
    assert told == {**told, "status": "queued", "model": "clip", "progress": 0.0}
    assert asking.post("/train_lgbm", params={"params": '{"weights": "none"}'}).status_code == 202
    assert [row["model"] for row in asking.get("/training_status").json()["trainings"]] == ["lgbm", "clip"]


@pytest.mark.parametrize("params", ["{", "[]", '{"mood": "good"}'])
def test_parameters_that_do_not_fit_are_refused(asking: TestClient, params: str) -> None:
    assert asking.post("/train_clip", params={"params": params}).status_code == 422


def test_nothing_is_said_of_drift_where_nothing_was_checked(asking: TestClient) -> None:
    answer = asking.get("/drift_status")
    assert answer.status_code == 200, answer.text
    empty = dict.fromkeys(("drift_detected", "statistic", "p_value", "window", "disagreement", "since"))
    assert answer.json() == {**answer.json(), "status": "unknown", **empty}
    assert answer.json()["message"]


def test_the_system_is_described_to_administrators_only(asking: TestClient, token: Callable[..., str]) -> None:
    found = asking.get("/system_info")
    assert found.status_code == 200, found.text
    assert found.json().keys() >= {"version", "cpu_count", "memory", "queue", "jobs_running", "checks"}
    assert asking.get("/system_info", headers=bearer(token("maintainer"))).status_code == 403


def test_a_corrected_mask_is_saved_for_the_next_training(
    client: TestClient, services: Services, token: Callable[..., str]
) -> None:
    projects.create(services, user=OPERATOR, name="cracks", recipe="crack")
    files = {**PHOTO, "mask": ("m.png", tiny_masks.mask_png(1), "image/png")}
    headers = bearer(token("reviewer", project="cracks"))
    answer = client.post("/save-for-retrain", files=files, data={"metadata": '{"bridge": 7}'}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**answer.json(), "status": "success", "filename": "a.jpg", "wanted": 10}


def zipped(*colours: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in colours:
            for seed in range(3):
                archive.writestr(f"new_data/{name}/{seed}.jpg", tiny.picture(name, seed=seed))
    return out.getvalue()


def test_a_zip_of_class_folders_is_taken_in_before_the_training_that_learns_from_it(
    asking: TestClient, services: Services
) -> None:
    answer = asking.post("/retrain", files={"file": ("new_data.zip", zipped("red", "blue"))})
    assert answer.status_code == 202, answer.text
    job = asking.get(f"/api/v1/jobs/{answer.json()['job_id']}").json()
    assert job["steps"] == ["import", "score", "describe", "snapshot", "train", "evaluate", "register", "gate"]
    assert (job["kind"], job["project"]) == ("train", "the-cats-dogs")
    assert len(list((services.data / "imports").iterdir())) == 1


def test_a_zip_with_a_strange_class_is_refused_and_not_kept(asking: TestClient, services: Services) -> None:
    answer = asking.post("/retrain", content=zipped("red", "green"), headers={"content-type": "application/zip"})
    assert answer.status_code == 422
    assert "green" in answer.json()["detail"]
    assert list((services.data / "imports").iterdir()) == []


def test_a_retraining_without_a_zip_learns_from_what_is_there(asking: TestClient) -> None:
    answer = asking.post("/retrain")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "there is nothing to learn from."


def test_insights_give_the_distribution_samples_and_dimensions(
    asking: TestClient, old: dict[str, Project], token: Callable[..., str]
) -> None:
    asking.post("/api/v1/projects/the-cats-dogs/images", files={"files": PHOTO["image"]})
    found = asking.get("/data-insights").json()
    assert found["class_distribution"] == {"red": 1}
    assert found["sample_images"]["red"][0].startswith("data:image/webp;base64,")
    assert found["image_dimensions"]["width"] == {"min": 64, "max": 64, "avg": 64.0}


@pytest.fixture
def sent(asking: TestClient) -> dict[str, Any]:
    """A picture that BioSight's page uploaded."""
    answer = asking.post("/upload/", files=[("files", PHOTO["image"]), ("files", BAD)])
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_upload_says_of_each_file_what_became_of_it(sent: dict[str, Any]) -> None:
    assert (sent["total"], sent["stored"], sent["failed"]) == (2, 1, 1)
    first, second = sent["results"]
    assert first.keys() == {"filename", "status", "error", "predicted_class", "confidence", "image_id"}
    assert (first["predicted_class"], first["status"]) == ("red", "stored")
    assert (second["image_id"], second["status"]) == (None, "failed")


@pytest.mark.parametrize("how", [{"json": {"new_class": "blue"}}, {"data": {"new_class": "blue"}}])
def test_a_picture_is_put_into_another_class_by_its_name(
    asking: TestClient, sent: dict[str, Any], how: dict[str, Any]
) -> None:
    changed = asking.put("/update-class/red/a.jpg", **how)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["new_class"], changed.json()["filename"]) == ("blue", "a.jpg")
    image = asking.get(f"/api/v1/images/{changed.json()['image_id']}").json()
    assert (image["label"], image["corrected"]) == ("blue", True)


def test_a_class_that_is_none_and_a_picture_that_is_not_there_are_refused(
    asking: TestClient, sent: dict[str, Any]
) -> None:
    new = {"new_class": "blue"}
    assert asking.put("/update-class/red/a.jpg", json={"new_class": "green"}).status_code == 422
    assert asking.put("/update-class/red/a.jpg", json={}).status_code == 422
    assert asking.put("/update-class/blue/a.jpg", json=new).status_code == 404
    assert asking.put("/update-class/red/z.jpg", json=new).status_code == 404


def test_two_pictures_of_one_name_are_told_apart_by_their_ids(asking: TestClient, sent: dict[str, Any]) -> None:
    files = {"files": ("a.jpg", tiny.picture("red", seed=5), "image/jpeg")}
    second = asking.post("/upload/", files=files).json()["results"][0]["image_id"]
    assert asking.delete("/delete-image/red/a.jpg").status_code == 409
    gone = asking.delete(f"/delete-image/red/{second}")
    assert (gone.status_code, gone.json()["image_id"]) == (200, second)
    assert asking.delete("/delete-image/red/a.jpg").json()["image_id"] == sent["results"][0]["image_id"]
    assert asking.delete("/delete-image/red/a.jpg").status_code == 404


def test_all_pictures_come_as_a_zip_of_class_folders(asking: TestClient, sent: dict[str, Any]) -> None:
    answer = asking.get("/download-zip/")
    assert answer.headers["content-type"] == "application/zip"
    assert "red/a.jpg" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


@pytest.mark.parametrize("form", ["json", "data"])
def test_an_account_is_opened_used_and_left(client: TestClient, form: str) -> None:
    person = {"name": "Ana", "email": "ana@example.org", "password": PASSWORD}
    made = client.post("/api/register", **{form: person})  # type: ignore[arg-type]
    assert made.status_code == 201, made.text
    assert made.json()["user"].keys() == {"id", "email", "name", "role"}
    signed_in = client.post("/api/login", **{form: {"username": person["email"], "password": PASSWORD}})  # type: ignore[arg-type]
    assert signed_in.status_code == 200, signed_in.text
    assert client.get("/api/v1/auth/me").json()["email"] == person["email"]
    assert client.post("/api/logout").status_code == 200
    assert client.get("/api/v1/auth/me").status_code == 401


def test_a_wrong_password_and_a_missing_one_do_not_sign_in(client: TestClient) -> None:
    client.post("/api/register", json={"name": "Ana", "email": "ana@example.org", "password": PASSWORD})
    assert client.post("/api/login", json={"email": "ana@example.org", "password": "wrong"}).status_code == 401
    assert client.post("/api/login", content=b"[1]", headers={"content-type": "application/json"}).status_code == 422
    assert client.post("/api/login").status_code == 422


def test_the_oldest_project_of_the_recipe_is_meant_unless_another_is_named(
    services: Services, settings: Settings, old: dict[str, Project], tmp_path: Path, token: Callable[..., str]
) -> None:
    newer = projects.create(services, user=OPERATOR, name="newer", recipe="cataract", classes=("red", "blue"))
    put_live(services, newer, tmp_path / "newer")
    headers = bearer(token("admin"))
    for named, expected in (
        ({}, "the-cataract"),
        ({"cataract": "newer"}, "newer"),
        ({"/predict_clip": "newer"}, "newer"),
    ):
        with TestClient(create_app(services, settings.model_copy(update={"legacy_projects": named}))) as client:
            assert expected in client.post("/predict_clip", files=PHOTO, headers=headers).json()["model_used"]


def test_without_such_a_project_the_setting_is_named(client: TestClient, token: Callable[..., str]) -> None:
    answer = client.post("/predict_clip", files=PHOTO, headers=bearer(token("admin")))
    assert answer.status_code == 404
    assert "SIGHTLOOP_LEGACY_PROJECTS" in answer.json()["hint"]


def test_a_setting_for_an_unknown_route_is_refused(services: Services, settings: Settings) -> None:
    with pytest.raises(Rejected, match="predict_dino"):
        create_app(services, settings.model_copy(update={"legacy_projects": {"predict_dino": "eyes"}}))


def test_a_viewer_may_ask_and_not_change(
    client: TestClient, old: dict[str, Project], token: Callable[..., str]
) -> None:
    headers = bearer(token("viewer", project="the-biosight"))
    assert client.get("/download-zip/", headers=headers).status_code == 200
    assert client.post("/upload/", files=PHOTO, headers=headers).status_code == 403
    assert client.delete("/delete-image/red/a.jpg", headers=headers).status_code == 403
    assert client.post("/predict_clip", files=PHOTO, headers=headers).status_code == 404


@pytest.fixture
def opened(services: Services, settings: Settings, old: dict[str, Project]) -> Iterator[TestClient]:
    """A client without credentials on the machine of a server in open mode."""
    app = create_app(services, settings.model_copy(update={"legacy_open": True}))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 5000)) as client:
        yield client


def test_in_open_mode_this_machine_needs_no_token_on_the_old_routes_alone(opened: TestClient) -> None:
    assert opened.post("/predict_ensemble", files=PHOTO).status_code == 200
    assert opened.post("/upload/", files=PHOTO).status_code == 201
    assert opened.get("/system_info").status_code == 200
    assert opened.get("/api/v1/projects").status_code == 401
    assert opened.post("/v2/models/the-cataract/infer").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example.org"},
        {"x-forwarded-for": "10.0.0.7"},
        {"origin": "http://evil.example.org"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_open_mode_is_closed_to_proxies_and_to_strangers_pages(opened: TestClient, headers: dict[str, str]) -> None:
    assert opened.post("/predict_ensemble", files=PHOTO, headers=headers).status_code in (401, 403)


def test_open_mode_is_closed_to_other_machines(services: Services, settings: Settings, old: dict[str, Project]) -> None:
    app = create_app(services, settings.model_copy(update={"legacy_open": True}))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("10.0.0.7", 5000)) as client:
        assert client.post("/predict_ensemble", files=PHOTO).status_code == 401


def test_open_mode_refuses_to_start_where_other_machines_could_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLOOP_LEGACY_OPEN", "true")
    assert settings_module.load(host="127.0.0.1").legacy_open
    with pytest.raises(Rejected, match="SIGHTLOOP_LEGACY_OPEN"):
        settings_module.load(host="192.0.2.1")


def test_projects_are_named_by_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLOOP_LEGACY_PROJECTS", '{"predict": "cracks"}')
    assert settings_module.load().legacy_projects == {"predict": "cracks"}
    monkeypatch.setenv("SIGHTLOOP_LEGACY_PROJECTS", "cracks")
    with pytest.raises(Rejected, match="legacy_projects"):
        settings_module.load()


def test_with_a_cascade_each_route_asks_the_member_it_is_named_for(
    services: Services, settings: Settings, tmp_path: Path, token: Callable[..., str]
) -> None:
    made = cascaded.project(services, tmp_path)
    for sharpness in (4.0, 8.0):
        cascaded.member(services, made, tmp_path, sharpness=sharpness)
    cascaded.certified(services, fast="1", accurate="2", live=True)
    app = create_app(services, settings.model_copy(update={"legacy_projects": {"cataract": "paint"}}))
    with TestClient(app, headers=bearer(token("admin"))) as client:
        used = [
            client.post(f"/predict_{name}", files=PHOTO).json()["model_used"] for name in ("lgbm", "clip", "ensemble")
        ]
        assert used == ["fast: paint/1", "accurate: paint/2", "cascade: paint/3"]
        batch = client.post("/predict_batch", files=PHOTO).json()
        assert batch["results"][0]["model_used"] == "cascade: paint/3"
        drift = client.get("/drift_status")
        assert drift.status_code == 200, drift.text
        assert drift.json()["disagreement"].keys() == {"n", "disagreements", "low", "high"}
