"""A packed bundle answers where only onnxruntime, numpy and Pillow are, as the server does."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Json, TrainingSet
from sightloop.samples import eyes
from sightloop.vision import eye
from sightloop.vision.decode import decode
from tests.vision import files

SMALL: dict[str, Any] = {"backbone": "test_resnet", "weights": "none", "input_size": 32}
ALLOWED = ("numpy", "numpy.libs", "onnxruntime", "PIL", "pillow.libs")


def _train(name: str, values: Json, data: TrainingSet, place: Path, **context: Any) -> Path:
    families.get(name).train(
        data,
        families.params(name, values),
        folder=place / name / "bundle",
        work=place / name / "work",
        report=lambda _: None,
        context={"weights_dir": "", "created_at": 1.0, **context},
    )
    return place / name / "bundle"


@pytest.fixture(scope="module")
def made(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a bundle of each kind."""
    place = tmp_path_factory.mktemp("made")
    found = {
        "linear": _train("linear", {**SMALL, "resize": "crop", "region": "eye"}, data, place),
        "boosted": _train("boosted", {**SMALL, "search": "none", "rounds": 5}, data, place),
    }
    plain = _train("linear", SMALL, data, place / "plain")
    certifying = TrainingSet(data.classes, data.train, data.calibration, data.train)
    for name, human in (("cascade", 0.0), ("human", 0.2)):
        members = {"fast": {"version": 1, "folder": str(plain)}, "accurate": {"version": 2, "folder": found["boosted"]}}
        values = {"epsilon": 0.4, "human": human, "audit": 0.5}
        found[name] = _train("cascade", values, certifying, place / name, members=members)
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of modules in which there is nothing but what the script may use."""
    folder = tmp_path_factory.mktemp("bare")
    spec = importlib.util.find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    for name in ALLOWED:
        source = Path(spec.origin).parent.parent / name
        if source.exists():
            (folder / name).symlink_to(source)
    return folder


@pytest.fixture(scope="module")
def photos(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of many kinds: JPEGs that the decoder halves or more, turned, deep, transparent and grey ones."""
    folder = tmp_path_factory.mktemp("photos")
    grey = np.random.default_rng(0).integers(0, 65536, (40, 50), dtype=np.uint16)
    clear = Image.fromarray(files.noisy(60, 45)).convert("RGBA")
    clear.putalpha(Image.fromarray(files.noisy(60, 45, seed=3)[..., 0]))
    written = {
        "large.jpg": files.save(files.noisy(531, 777), "JPEG", quality=85),
        "just.jpg": files.save(files.noisy(127, 255, seed=5), "JPEG", quality=85, subsampling=0),
        "progressive.jpg": files.save(files.noisy(301, 203, seed=6), "JPEG", progressive=True),
        "grey.jpg": files.save(files.noisy(90, 70)[..., 0], "JPEG"),
        "eye.jpg": files.save(eyes.draw("cataract", seed=3, size=400), "JPEG"),
        "plain.png": files.save(files.noisy(75, 61, seed=1), "PNG"),
        "deep.png": files.deep_png(grey),
        "colours.png": files.deep_png(np.stack([grey, grey[::-1], grey.T[:40, :40].repeat(2, 1)[:, :50]], axis=2)),
        "clear.png": files.save(clear, "PNG"),
        "palette.gif": files.save(Image.fromarray(files.noisy(64, 48)).convert("P"), "GIF"),
        "photo.webp": files.save(files.noisy(64, 48), "WEBP"),
        "scan.tif": files.save(files.noisy(64, 48), "TIFF"),
        **{f"turned{turn}.jpg": files.turned(files.noisy(200, 120), "JPEG", turn) for turn in range(1, 9)},
        "turned.png": files.turned(files.noisy(50, 40), "PNG", 6),
    }
    for name, content in written.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in written] + [Path(one.path) for one in data.calibration]


def _answers(bare: Path, packed: Path, photos: list[Path]) -> list[Json]:
    done = subprocess.run(
        [sys.executable, "-S", str(packed), *map(str, photos)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(bare), "PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", ["linear", "boosted", "cascade", "human"])
def test_the_packed_bundle_alone_gives_the_served_answers(
    kind: str, made: dict[str, Path], bare: Path, photos: list[Path], tmp_path: Path
) -> None:
    bundle_format.pack(made[kind], tmp_path / "model.bundle")
    predictor = bundles.load(made[kind])
    for photo, said in zip(photos, _answers(bare, tmp_path / "model.bundle", photos), strict=True):
        served = predictor.predict([decode(photo.read_bytes(), shrink_to=predictor.input_size)])
        assert list(said["probabilities"]) == list(predictor.classes)
        gap = np.abs(np.array(list(said["probabilities"].values())) - served.probabilities[0]).max()
        assert gap < 1e-6, photo.name
        route = served.routes[0] if served.routes else None
        best = predictor.classes[int(served.probabilities[0].argmax())]
        assert (said["prediction"], said.get("route")) == ("unknown" if route == "human" else best, route)


def test_one_of_these_photos_shows_an_eye_that_is_cut_out(photos: list[Path]) -> None:
    [photo] = [photo for photo in photos if photo.name == "eye.jpg"]
    assert eye.region(decode(photo.read_bytes(), shrink_to=64)).found


def test_the_cascade_of_this_test_takes_every_road(made: dict[str, Path], photos: list[Path]) -> None:
    routes = set()
    for kind in ("cascade", "human"):
        predictor = bundles.load(made[kind])
        routes |= set(predictor.predict([decode(photo.read_bytes()) for photo in photos]).routes)
    assert routes == {"fast", "accurate", "human"}


def test_an_unpacked_bundle_runs_as_a_folder_too(made: dict[str, Path], bare: Path, photos: list[Path]) -> None:
    assert _answers(bare, made["linear"], photos[:1])[0]["prediction"] in ("stripes", "checks", "plain")


@pytest.mark.parametrize("kind", ["linear", "boosted", "cascade"])
def test_the_script_can_be_read_in_a_minute_and_needs_nothing_of_us(kind: str, made: dict[str, Path]) -> None:
    shipped = [path.read_text() for path in made[kind].glob("*.py")]
    assert not any("sightloop" in line for text in shipped for line in text.splitlines() if "import" in line)
    assert len((made[kind] / "__main__.py").read_text().splitlines()) <= 110
