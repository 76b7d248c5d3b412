"""The main job from the first account to the last log-out: a real server, a real worker, a real training, over HTTP."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx

from tests import tiny
from tests.e2e.running import finished, serving, sign_in, until, upload

PAINT = "/api/v1/projects/paint"
TRAINING = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "epochs": 2, "precision": "fp32"}
EACH = 12


def archive() -> bytes:
    """A ZIP of class folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for colour in tiny.COLOURS:
            for seed in range(EACH):
                file.writestr(f"{colour}/{seed}.jpg", tiny.picture(colour, seed=seed))
    return buffer.getvalue()


def test_a_person_goes_round_the_whole_loop(tmp_path: Path) -> None:
    with serving(tmp_path / "data", worker=True) as running, running.client() as ana:
        sign_in(ana)
        bring_pictures_in(ana)
        train_a_model(ana)
        ask_without_keeping(ana)
        correct_one(ana)
        correct_many(ana)
        throw_away_and_bring_back(ana)
        look_at_insights(ana)
        carry_to_another_project(ana)
        leave(ana)


def bring_pictures_in(ana: httpx.Client) -> None:
    made = ana.post("/api/v1/projects", json={"name": "paint", "classes": list(tiny.COLOURS)})
    assert made.status_code == 201
    asked = ana.post(f"{PAINT}/imports", content=archive(), headers={"content-type": "application/zip"})
    report = finished(ana, asked)["context"]["import"]
    assert (report["stored"], report["duplicate"], report["failed"]) == (3 * EACH, 0, 0)
    assert ana.get(f"{PAINT}/counts").json() == {**dict.fromkeys(tiny.COLOURS, EACH), "trash": 0}


def train_a_model(ana: httpx.Client) -> None:
    asked = ana.post(f"{PAINT}/trainings", json={"family": "transfer", "params": TRAINING})
    job = finished(ana, asked)
    assert job["context"]["version"] == 1
    assert ana.get(f"{PAINT}").json()["live_version"] == 1
    assert ana.get(f"{PAINT}/models/champion").json()["metrics"]["test"]["n"] > 0
    until(lambda: all(one["state"] == "done" for one in ana.get("/api/v1/jobs").json()["items"]))
    assert all(image["predicted"] in tiny.COLOURS for image in pictures(ana))


def ask_without_keeping(ana: httpx.Client) -> None:
    answer = ana.post(f"{PAINT}/predict", files={"image": ("photo.jpg", tiny.picture("red", seed=100))})
    assert answer.status_code == 200
    assert answer.json()["model_version"] == 1
    assert set(answer.json()["probabilities"]) == set(tiny.COLOURS)
    assert len(pictures(ana)) == 3 * EACH


def correct_one(ana: httpx.Client) -> None:
    [row] = upload(ana, tiny.picture("blue", seed=101)).json()["files"]
    image = row["image"]
    assert (row["outcome"], image["status"], image["verified"]) == ("stored", "ready", False)
    assert image["predicted"] in tiny.COLOURS
    said = next(name for name in tiny.COLOURS if name != image["predicted"])
    path = f"/api/v1/images/{image['id']}"
    changed = ana.put(f"{path}/label", json={"value": said, "revision": image["revision"]}).json()
    assert (changed["shown"], changed["verified"], changed["corrected"]) == (said, True, True)
    again = ana.put(f"{path}/label", json={"value": "blue", "revision": image["revision"]})
    assert (again.status_code, again.json()["current"]["label"]) == (409, said)
    assert {"label", "prediction"} <= {one["kind"] for one in ana.get(f"{path}/history").json()["items"]}


def correct_many(ana: httpx.Client) -> None:
    chosen = {"filters": {"verified": True}, "expected": 3 * EACH + 1}
    done = ana.post(f"{PAINT}/images/bulk", json={"action": "label", "value": "red", **chosen}).json()
    assert done["changed"] >= 2 * EACH
    for was in done["undo"]:
        again = {"action": "label", "value": was["label"], "image_ids": [was["id"]]}
        assert ana.post(f"{PAINT}/images/bulk", json=again).json()["changed"] == 1
    assert sorted(image["label"] for image in pictures(ana)).count("green") >= EACH


def throw_away_and_bring_back(ana: httpx.Client) -> None:
    victim = pictures(ana)[0]
    path = f"/api/v1/images/{victim['id']}"
    assert ana.delete(path).json()["trashed_at"]
    assert victim["id"] not in {image["id"] for image in pictures(ana)}
    assert ana.post(f"{path}/restore").json()["trashed_at"] is None
    assert victim["id"] in {image["id"] for image in pictures(ana)}


def look_at_insights(ana: httpx.Client) -> None:
    found = ana.get(f"{PAINT}/insights").json()
    assert found["dimensions"]["width"]["max"] == 64
    assert (found["images"], found["verified"], found["corrected"] > 0) == (3 * EACH + 1, 3 * EACH + 1, True)


def carry_to_another_project(ana: httpx.Client) -> None:
    export = ana.get(f"{PAINT}/export")
    assert export.headers["x-total-count"] == str(3 * EACH + 1)
    ana.post("/api/v1/projects", json={"name": "copy"})
    kind = {"content-type": "application/zip"}
    finished(ana, ana.post("/api/v1/projects/copy/imports", content=export.content, headers=kind))
    assert content(pictures(ana, "copy")) == content(pictures(ana))


def leave(ana: httpx.Client) -> None:
    session = dict(ana.cookies)
    assert ana.post("/api/v1/auth/logout").status_code == 204
    ana.cookies.update(session)
    assert ana.get("/api/v1/auth/me").status_code == 401


def pictures(ana: httpx.Client, project: str = "paint") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ana.get(f"/api/v1/projects/{project}/images?limit=500").json()["items"]
    return found


def content(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((image["sha256"], image["name"], image["label"], image["side"]) for image in found)
