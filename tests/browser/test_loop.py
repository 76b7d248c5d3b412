"""The loop in one story in a browser: drift, labels, retraining, the gate, a promotion that takes itself back."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from sightloop.core.entities import Json
from sightloop.samples import eyes
from sightloop.samples.knobs import DEFAULT, Knobs
from sightloop.samples.write import picture_seed
from sightloop.vision import encode
from tests.browser import driving
from tests.browser.driving import DESKTOP
from tests.browser.watching import Watch
from tests.e2e.running import Running, finished, serving, sign_in, until
from tests.web.people import PASSWORD

LABELLED, CAME = 2200, 300
RATIOS = [0.25, 0.05, 0.7]  # most pictures judge: 1,500 tell a difference of one point
SHIFTED = Knobs(palette=1.0, light=0.6)
NOISY = Knobs(noise=0.12, blur=2.0)
TRAINING: Json = {
    "backbone": "resnet10t_narrow", "weights": "none", "freeze": "none", "input_size": 48, "epochs": 12, "lr": 0.003,
    "dropout": 0.0, "hidden": 64, "warmup": 0.06, "zoom": 0.12, "rotation": 0.0, "threads": 1, "patience": 0,
    "label_smoothing": 0.1,
}  # fmt: skip
CAUTIOUS: Json = {**TRAINING, "weights": "live", "epochs": 1, "lr": 1e-4}  # a step so small that nothing is lost by it
SPOILT: Json = {**TRAINING, "epochs": 1, "lr": 1e-5}
P = "/api/v1/projects/eyes"
MINUTES = 60_000  # milliseconds


class Story:
    """Somebody's program at the same server as the browser."""

    def __init__(self, running: Running, client: httpx.Client) -> None:
        self.running, self.client = running, client

    def get(self, path: str, **params: Any) -> Any:
        found = self.client.get(f"{P}{path}", params=params)
        assert found.status_code == 200, found.text
        return found.json()

    def job(self, path: str, **body: Any) -> Json:
        """Wait for what is queued."""
        found: Json = finished(self.client, self.client.post(f"{P}{path}", json=body))
        return found

    def send(self, seed: int, knobs: Knobs = DEFAULT, *, count: int = CAME) -> list[str]:
        """Upload pictures whose names begin with their class; returns their ids."""
        ids: list[str] = []
        for start in range(0, count, 50):
            rows = [(eyes.CLASSES[n % 2], n) for n in range(start, min(start + 50, count))]
            files = [("files", (f"{name}-{seed}-{n}.jpg", drawn(name, seed, n, knobs))) for name, n in rows]
            found = self.client.post(f"{P}/images", files=files)
            assert found.status_code in (200, 201), found.text
            ids += [row["image"]["id"] for row in found.json()["files"]]
        until(lambda: not self.get("/images", status="pending", limit=1)["items"])
        return ids

    def label(self, images: Sequence[Json]) -> None:
        """Say what the pictures show, which their names tell."""
        for image in images:
            value = image["name"].split("-")[0]
            found = self.client.put(f"/api/v1/images/{image['id']}/label", json={"value": value})
            assert found.status_code == 200, found.text

    def wanted(self, kind: str) -> list[Json]:
        """The open questions of a kind."""
        rows = self.get("/wanted", limit=1000)["items"]
        return [{"id": one["image_id"], **one} for one in rows if one["kind"] == kind and one["answered_at"] is None]

    def asked(self) -> int:
        """The version that answers whoever asks now; a server follows a promotion within a second."""
        found = self.client.post(f"{P}/predict", files={"image": ("x.jpg", drawn("normal", 61, 0, SHIFTED))})
        version: int = found.json()["model_version"]
        return version

    def live(self) -> int | None:
        found: int | None = self.client.get(P).json()["live_version"]
        return found


@cache
def drawn(name: str, seed: int, number: int, knobs: Knobs = DEFAULT) -> bytes:
    return encode.jpeg(eyes.draw(name, seed=picture_seed(seed, number), size=64, knobs=knobs), quality=90)


def archive(count: int) -> bytes:
    """A ZIP of class folders."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in eyes.CLASSES:
            for number in range(count // 2):
                packed.writestr(f"{name}/{name}-{number}.jpg", drawn(name, 1, number))
    return file.getvalue()


@pytest.fixture
def story(chromium: Browser, tmp_path: Path) -> Iterator[tuple[Story, Page]]:
    """A server with a worker, somebody's program, and the browser of an admin."""
    with serving(tmp_path / "data", worker=True) as running, running.client() as client:
        sign_in(client)
        watch = Watch(running.url)
        state = driving.session(chromium, running.url, email="ana@example.org", password=PASSWORD)
        context = chromium.new_context(base_url=running.url, storage_state=state, reduced_motion="reduce", **DESKTOP)
        watch.follow(context)
        yield Story(running, client), context.new_page()
        context.close()
        assert watch.found() == []


def test_the_loop_from_an_alarm_to_a_promotion_that_takes_itself_back(story: tuple[Story, Page]) -> None:
    told, page = story
    begin(told)
    nothing_drifts(told)
    the_light_changes(told, page)
    two_hundred_and_forty_labels_are_given(told, page)
    it_learns_and_the_gate_promotes_by_itself(told, page)
    with_fifty_labels_the_gate_cannot_tell_and_a_person_decides(told, page)
    a_worse_candidate_is_refused(told)
    a_bad_promotion_is_taken_back_by_itself(told, page)


def begin(told: Story) -> None:
    """A project with a first live version, 1,540 pictures of which judge."""
    body = {"name": "eyes", "title": "Eyes", "classes": list(eyes.CLASSES)}
    assert told.client.post("/api/v1/projects", json=body).status_code == 201
    changed = told.client.patch(P, json={"settings": {"ratios": RATIOS}})
    assert changed.status_code == 200, changed.text
    sent = told.client.post(f"{P}/imports", content=archive(LABELLED), headers={"Content-Type": "application/zip"})
    finished(told.client, sent)
    job = told.job("/trainings", family="transfer", params=TRAINING)
    assert job["context"]["evaluation"]["accuracy"]["value"] > 0.88
    assert sum(job["context"]["counts"]["test"].values()) >= 1500


def nothing_drifts(told: Story) -> None:
    told.send(50)
    assert told.job("/drift")["context"]["drift"]["alarm"] is False


def the_light_changes(told: Story, page: Page) -> None:
    told.send(60, SHIFTED)
    found = told.job("/drift")["context"]["drift"]
    assert (found["alarm"], found["kind"]) == (True, "covariate")
    page.goto("/p/eyes/drift")
    expect(page.get_by_text(re.compile("Drift in 300 pictures")).first).to_be_visible()
    asked = told.get("/wanted")
    assert (asked["random"]["asked"], asked["shifted"]["asked"]) == (30, 20)


def two_hundred_and_forty_labels_are_given(told: Story, page: Page) -> None:
    """Half of the random ones judge; until then the policy says what is missing."""
    before = told.get("/retrain")
    assert before["would"] is False
    assert told.client.post(f"{P}/wanted", json={"random": 210}).status_code == 200
    page.goto("/p/eyes/wanted")
    expect(page.get_by_role("heading", name=re.compile("Labels wanted")).first).to_be_visible()
    told.label(told.wanted("random"))
    given = told.get("/wanted")["random"]
    assert given["answered"] == 240
    assert given["judging_answered"] >= 100
    covariate = next(rule for rule in told.get("/retrain")["rules"] if rule["name"] == "covariate")
    assert covariate["met"] is True


def it_learns_and_the_gate_promotes_by_itself(told: Story, page: Page) -> None:
    job = told.job("/retrain")
    gate = job["context"]["gate"]
    assert (gate["verdict"], gate["promoted"], told.live()) == ("promote", True, 2), gate["sentence"]
    assert re.search(r"Better: \+\d.*recent pictures", gate["sentence"])
    judged = told.get("/models/2/gate")
    assert (judged["n"] >= 1500, judged["recent"] >= 100) == (True, True)
    page.goto("/p/eyes/models")
    expect(page.get_by_text(gate["sentence"]).first).to_be_visible()
    until(lambda: told.asked() == 2)


def with_fifty_labels_the_gate_cannot_tell_and_a_person_decides(told: Story, page: Page) -> None:
    told.send(70, NOISY)
    assert told.job("/drift")["context"]["drift"]["alarm"] is True
    told.label(told.wanted("random"))
    told.label(told.wanted("shifted"))
    gate = told.job("/trainings", family="transfer", params=CAUTIOUS)["context"]["gate"]
    assert (gate["verdict"], told.live()) == ("undecided", 2), gate["sentence"]
    assert told.get("/models/3/gate")["needed"] > 0
    page.goto("/p/eyes/models/3")
    page.get_by_role("button", name=re.compile("Promote")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile(r"more")).first).to_be_visible()
    dialog.get_by_role("textbox").fill("the noise stays, and it is better at it")
    dialog.get_by_role("button", name="Promote version 3").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert told.live() == 3


def a_worse_candidate_is_refused(told: Story) -> None:
    gate = told.job("/trainings", family="transfer", params=SPOILT)["context"]["gate"]
    assert (gate["verdict"], told.live()) == ("refuse", 3), gate["sentence"]
    refused = told.client.post(f"{P}/models/4/promote", json={"reason": "it is newer"})
    assert (refused.status_code, told.live()) == (409, 3)


def a_bad_promotion_is_taken_back_by_itself(told: Story, page: Page) -> None:
    forced = told.client.post(f"{P}/models/4/promote", json={"reason": "it is newer", "force": True})
    assert (forced.status_code, told.live()) == (200, 4)
    ids = told.send(80, count=100)
    pictures = [told.client.get(f"/api/v1/images/{one}").json() for one in ids]
    told.label(pictures)
    until(lambda: told.live() == 3)
    assert told.get("/rollout")["history"][0]["state"] == "rolled_back"
    page.goto("/p/eyes/models")
    expect(page.get_by_text("rolled back").first).to_be_visible()
    expect(page.get_by_text("by itself").first).to_be_visible()
