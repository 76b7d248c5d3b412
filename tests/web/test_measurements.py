"""What masks measure over HTTP: of a stored picture, of all, and of one that is not kept; and what is learnt from."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Image, Json
from sightloop.flows.services import Services
from sightloop.vision import masks, regions
from tests import tiny_masks

PROJECT = "/api/v1/projects/cracks"
AREA = int(tiny_masks.draw(1)[1].sum())


@pytest.fixture
def image(services: Services, admin: TestClient, tmp_path: Path) -> Image:
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    return tiny_masks.upload(services, 1)


def ask(admin: TestClient, path: str = "", **params: str) -> Json:
    answer = admin.post(f"{PROJECT}/predict{path}", params=params, files={"image": ("a.png", tiny_masks.picture(1))})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_a_stored_mask_is_measured_in_the_scale_that_was_said(admin: TestClient, image: Image) -> None:
    url = f"/api/v1/images/{image.id}"
    assert admin.get(f"{url}/measurements").json()["total"]["area_mm2"] is None
    changed = admin.put(f"{url}/scale", json={"px_per_mm": 10})
    assert (changed.status_code, changed.json()["revision"]) == (200, image.revision + 1)
    found = admin.get(f"{url}/measurements", params={"lines": "true"}).json()
    assert found["total"]["area_mm2"] == pytest.approx(AREA / 100)
    assert (found["source"], found["threshold"], found["px_per_mm_from"]) == ("model", 0.5, "image")
    assert found["lines"]["crack"]
    assert admin.get(url).json()["px_per_mm"] == 10
    assert admin.put(f"{url}/scale", json={"px_per_mm": -1}).status_code == 422


def test_a_report_is_json_or_a_table_of_the_same(admin: TestClient, image: Image) -> None:
    found = admin.get(f"{PROJECT}/report").json()
    assert (len(found["items"]), found["items"][0]["area_px"], found["totals"]["marked"]) == (1, AREA, 1)
    table = admin.get(f"{PROJECT}/report", params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    head, row = table.text.splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["area_px"] == str(AREA)
    assert admin.get(f"{PROJECT}/report", params={"verified": "true"}).json()["items"] == []


def test_a_picture_that_is_not_kept_gets_its_mask_and_what_it_measures(admin: TestClient, image: Image) -> None:
    found = ask(admin)
    size = (image.height or 0, image.width or 0)
    assert np.array_equal(regions.from_rle(found["mask"], size), tiny_masks.draw(1)[1] == 1)
    assert found["masks"] == {"crack": found["mask"]}
    assert (found["threshold"], found["measurements"]["total"]["area_px"]) == (0.5, AREA)
    assert "mask_png" not in found


def test_a_mask_comes_as_png_or_not_at_all_where_that_is_asked(admin: TestClient, image: Image) -> None:
    drawn = masks.decode(base64.b64decode(ask(admin, mask="png")["mask_png"]))
    assert np.array_equal(drawn, tiny_masks.draw(1)[1])
    bare = ask(admin, mask="none")
    assert "mask" not in bare
    assert (bare["prediction"], bare["threshold"]) == ("crack", 0.5)
    files = {"image": ("a.png", tiny_masks.picture(1))}
    assert admin.post(f"{PROJECT}/predict", params={"mask": "jpeg"}, files=files).status_code == 422


def test_a_batch_has_a_mask_in_every_row(admin: TestClient, image: Image) -> None:
    files = [("files", (f"{seed}.png", tiny_masks.picture(seed))) for seed in (1, 2)]
    rows = admin.post(f"{PROJECT}/predict/batch?mask=rle", files=files).json()["results"]
    areas = [row["answer"]["measurements"]["total"]["area_px"] for row in rows]
    assert areas == [int(tiny_masks.draw(seed)[1].sum()) for seed in (1, 2)]
    assert [sum(row["answer"]["mask"]["counts"][1::2]) for row in rows] == areas


def save(admin: TestClient, seed: int, **fields: str) -> Json:
    files = {"image": ("wall.png", tiny_masks.picture(seed)), "mask": ("m.png", tiny_masks.mask_png(seed + 20))}
    answer = admin.post(f"{PROJECT}/save-for-retrain", files=files, data=fields)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_the_tenth_correction_enables_the_training(admin: TestClient, image: Image) -> None:
    for seed in range(2, 11):
        said = save(admin, seed, metadata=json.dumps({"inspector": "A"}))
    assert (said["created"], said["corrected"], said["wanted"], said["ready"]) == (True, 9, 10, False)
    refused = admin.post(f"{PROJECT}/retrain")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "9 of 10 corrected masks since version 1 learnt: 1 more are wanted."
    assert save(admin, 11)["ready"]
    queued = admin.post(f"{PROJECT}/retrain", json={})
    assert (queued.status_code, queued.json()["kind"]) == (202, "train")
    assert queued.json()["params"]["params"]["weights"] == "live"


@pytest.mark.parametrize(
    ("files", "fields"),
    [
        ({"mask": ("m.png", tiny_masks.mask_png(1))}, {}),
        ({"image": ("a.png", tiny_masks.picture(1))}, {"metadata": "[1]"}),
        ({"image": ("a.png", tiny_masks.picture(1))}, {"metadata": "{"}),
        ({"image": ("a.png", tiny_masks.picture(1)), "mask": ("m.png", b"")}, {}),
        ({"image": ("a.png", tiny_masks.picture(1)), "other": ("m.png", b"")}, {}),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    admin: TestClient, image: Image, files: dict[str, tuple[str, bytes]], fields: dict[str, str]
) -> None:
    assert admin.post(f"{PROJECT}/save-for-retrain", files=files, data=fields).status_code == 422


def test_the_same_key_saves_once(admin: TestClient, image: Image) -> None:
    files = {"image": ("wall.png", tiny_masks.picture(30))}
    said = [
        admin.post(f"{PROJECT}/save-for-retrain", files=files, headers={"Idempotency-Key": "one"}).json()["created"]
        for _ in range(2)
    ]
    assert said == [True, True]
