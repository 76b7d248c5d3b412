"""What masks cost: milliseconds per megapixel, ONNX Runtime against torch, and a photo of 24 megapixels.

`python -m benchmarks.masks --rounds 3`
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.results import publish
from sightloop import bundles, families
from sightloop.bundles import format as bundle_format
from sightloop.core.arrays import Pixels
from sightloop.core.entities import Example, TrainingSet
from sightloop.samples import cracks
from sightloop.samples.write import write_set
from sightloop.vision import encode, maskfile, masks
from sightloop.vision.decode import decode

MODELS: dict[str, dict[str, Any]] = {"light": {"backbone": "mobilenetv2_100"}, "plain": {"backbone": "plain"}}
PICTURE = (640, 640)  # one tile
PHOTO = (4000, 6000)
PHOTOGRAPHERS = {"light"}  # the plain one takes minutes


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--models", default="light,plain", show_default=True)
def main(rounds: int, models: str) -> None:
    """Measure each model by itself, then the photo in a process of its own."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = drawn(Path(folder) / "drawn")
        for name in models.split(","):
            bundle = made(data, Path(folder) / name, MODELS[name])
            rows += [{"model": name, **row} for row in compared(bundle, rounds=rounds)]
            rows += [{"model": name, **photographed(bundle)}] if name in PHOTOGRAPHERS else []
    publish("masks", rows, notes={"picture": PICTURE, "photo": PHOTO})


def drawn(folder: Path) -> TrainingSet:
    """Four pictures with masks: what a model learns changes nothing of its speed."""
    found = []
    for path in write_set("cracks", folder, count_per_class=2):
        mask = folder / "masks" / f"{path.stem}.png"
        read = maskfile.read(mask.read_bytes(), classes=1, size=None).mask
        mask.write_bytes(masks.encode(read))
        found.append(Example(path.stem, str(path), 1, path.stem, str(mask)))
    return TrainingSet(("crack",), tuple(found), ())


def made(data: TrainingSet, place: Path, values: dict[str, Any]) -> Path:
    """A bundle after one short epoch."""
    chosen = {"weights": "none", "epochs": 1, "tiles": 1, "tile": 64, "batch": 4, **values}
    params = families.params("attention_unet", chosen)
    families.get("attention_unet").train(
        data, params, folder=place / "bundle", work=place / "work", report=lambda _: None, context={"weights_dir": ""}
    )
    return place / "bundle"


def compared(bundle: Path, *, rounds: int) -> list[dict[str, Any]]:
    """Milliseconds per megapixel on one core, both ways in turn, forward and backward."""
    pixels = picture(PICTURE)
    ways = {"onnxruntime": _served(bundle), "torch": _torch(bundle)}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name in list(ways) if number % 2 else list(ways)[::-1]:
            began = time.perf_counter()
            ways[name](pixels)
            found[name] += [time.perf_counter() - began] if number else []
    megapixels = pixels.shape[0] * pixels.shape[1] / 1e6
    return [
        {"what": name, "ms_per_megapixel": 1000 * statistics.median(seconds) / megapixels}
        for name, seconds in found.items()
    ]


def _served(bundle: Path) -> Callable[[Pixels], object]:
    predictor = bundles.load(bundle)
    return lambda pixels: predictor.predict([pixels])


def _torch(bundle: Path) -> Callable[[Pixels], object]:
    """The network itself with channels innermost, from its normalised input on."""
    import torch
    from safetensors.torch import load_file

    from sightloop.families.mask_starting import start

    manifest = bundle_format.parse(bundle)
    params = families.params("attention_unet", {"backbone": manifest.backbone, "weights": "none"})
    ready = start(params, classes=manifest.classes, context={"weights_dir": ""})
    ready.network.load_state_dict(load_file(bundle / "weights.safetensors"))
    network = ready.network.eval()
    torch.set_num_threads(1)

    def run(pixels: Pixels) -> object:
        scaled = (pixels.transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 127.5
        images = torch.from_numpy(scaled).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            return torch.sigmoid(network(images)[0])

    return run


def picture(size: tuple[int, int]) -> Pixels:
    """Cracked concrete of any size, made of one drawn picture and its mirror images."""
    part, _ = cracks.draw(seed=1, size=512)
    block = np.block([[[part], [part[:, ::-1]]], [[part[::-1]], [part[::-1, ::-1]]]])
    repeats = [-(-side // 1024) for side in size]
    return np.ascontiguousarray(np.tile(block, (*repeats, 1))[: size[0], : size[1]])


def photographed(bundle: Path) -> dict[str, Any]:
    """Seconds for a large photo, and the most memory above what the loaded model took, in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.SimpleQueue()
    process = spawn.Process(target=_photographed, args=(bundle, answers))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the photo's process ended with {process.exitcode}")
    found: dict[str, Any] = answers.get()
    return found


def _photographed(bundle: Path, answers: Any) -> None:
    data = encode.jpeg(picture(PHOTO))
    predictor = bundles.load(bundle)
    predictor.predict([picture((64, 64))])
    me, over = psutil.Process(), threading.Event()
    samples = [me.memory_info().rss]

    def watch() -> None:
        while not over.wait(0.01):
            samples.append(me.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    decoded = decode(data)
    seconds_decode = time.perf_counter() - began
    found = predictor.predict([decoded]).maps[0]
    seconds = time.perf_counter() - began
    over.set()
    watcher.join()
    answers.put(
        {
            "what": f"{found.shape[1] * found.shape[2] / 1e6:.0f} megapixels",
            "seconds": seconds,
            "decode_seconds": seconds_decode,
            "memory_mb": (max(samples) - samples[0]) / 1e6,
        }
    )


if __name__ == "__main__":
    main()
