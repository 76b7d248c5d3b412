"""The embedded runtime under load, at its bounds, and while models are swapped."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from sightloop.core.entities import Answer
from sightloop.core.errors import BadBundle, BadImage, Missing, Overloaded
from sightloop.runtime.inprocess import InProcess
from sightloop.vision import encode
from tests import tiny


class Folders:
    """Versions are folders; which one is live is set by the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.current: dict[str, str] = {}

    def live(self) -> Mapping[str, str]:
        return dict(self.current)

    def number(self, version_id: str) -> int:
        return int(version_id)

    def folder(self, version_id: str) -> Path:
        if not (self.root / version_id).is_dir():
            raise Missing(f"no version {version_id}.")
        return self.root / version_id


@pytest.fixture
def source(tmp_path: Path) -> Folders:
    source = Folders(tmp_path)
    tiny.bundle(tmp_path / "1", sharpness=8)
    tiny.bundle(tmp_path / "2", sharpness=1)
    source.current = {"paint": "1"}
    return source


@pytest.fixture
def runtime(source: Folders) -> Iterator[InProcess]:
    built = InProcess(source, workers=2, bound=16)
    yield built
    built.close()


def _jpeg(colour: str) -> bytes:
    return encode.jpeg(np.full((40, 60, 3), tiny.COLOURS[colour], np.uint8))


def _ask(runtime: InProcess, colour: str = "red", **more: object) -> Future[Answer]:
    options = {"project_id": "paint", "facts": False, **more}
    return runtime.submit(_jpeg(colour), **options)  # type: ignore[arg-type]


def test_each_of_many_at_once_gets_its_own_answer(runtime: InProcess) -> None:
    colours = ["red", "green", "blue", "red", "blue"] * 3
    futures = [_ask(runtime, colour) for colour in colours]
    answers = [future.result(10) for future in futures]
    assert [one.classes[int(np.argmax(one.probabilities))] for one in answers] == colours


def test_a_full_queue_refuses_and_what_was_accepted_finishes(source: Folders) -> None:
    runtime = InProcess(source, workers=1, bound=4)
    accepted, refused = [], []
    for _ in range(200):
        try:
            accepted.append(_ask(runtime))
        except Overloaded as error:
            refused.append(error.retry_after)
    assert min(refused) >= 1
    assert all(future.result(10).version == 1 for future in accepted)
    runtime.close()


def test_what_waited_too_long_is_refused_rather_than_answered_late(runtime: InProcess) -> None:
    with pytest.raises(Overloaded, match="waited too long"):
        _ask(runtime, timeout=-1.0).result(10)


def test_a_bad_picture_fails_alone(runtime: InProcess) -> None:
    futures = [_ask(runtime), runtime.submit(b"junk", project_id="paint", facts=False), _ask(runtime, "blue")]
    with pytest.raises(BadImage):
        futures[1].result(10)
    assert [futures[index].result(10).version for index in (0, 2)] == [1, 1]


def test_without_a_live_model_facts_still_come(runtime: InProcess) -> None:
    answer = _ask(runtime, project_id="empty", facts=True).result(10)
    assert (answer.version_id, answer.probabilities, answer.route) == (None, (), "none")
    assert answer.facts is not None
    assert (answer.facts.width, answer.facts.height) == (60, 40)


def test_a_first_model_answers_the_very_next_picture(runtime: InProcess, source: Folders) -> None:
    del source.current["paint"]
    assert [_ask(runtime).result(10).version for _ in range(3)] == [None, None, None]
    source.current["paint"] = "1"
    assert _ask(runtime).result(10).version == 1


def test_a_live_model_is_swapped_without_a_failed_request(runtime: InProcess, source: Folders) -> None:
    assert _ask(runtime).result(10).version == 1
    stop, seen, failed = threading.Event(), set(), []

    def ask() -> None:
        while not stop.is_set():
            future = _ask(runtime)
            if future.exception(10):
                failed.append(future.exception())
            else:
                seen.add(future.result().version)

    thread = threading.Thread(target=ask)
    thread.start()
    for version in ("2", "1", "2"):
        source.current = {"paint": version}
        runtime.refresh()
    answer = _ask(runtime).result(10)
    stop.set()
    thread.join()
    assert (answer.version, failed) == (2, [])


def test_a_refused_bundle_keeps_the_last_good_model(
    runtime: InProcess, source: Folders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert _ask(runtime).result(10).version == 1
    shutil.copytree(tmp_path / "2", tmp_path / "3")
    (tmp_path / "3" / "model.onnx").write_bytes(b"damaged")
    source.current = {"paint": "3"}
    runtime.refresh()
    assert _ask(runtime).result(10).version == 1
    assert "refused" in caplog.text


def test_a_damaged_bundle_asked_for_by_id_is_an_error(runtime: InProcess, tmp_path: Path) -> None:
    (tmp_path / "2" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(BadBundle):
        _ask(runtime, version_id="2").result(10)


def test_closing_finishes_what_was_accepted(source: Folders) -> None:
    runtime = InProcess(source, workers=1, bound=64)
    futures = [_ask(runtime) for _ in range(20)]
    runtime.close()
    assert all(future.done() and future.result().version == 1 for future in futures)
    with pytest.raises(Overloaded):
        _ask(runtime)
