"""The script that a packed bundle carries: `python MODEL.bundle PHOTO` answers where Sightloop is not installed."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

from sightloop.bundles import trees
from sightloop.bundles.format import Manifest, replace_file
from sightloop.vision import eye

SCRIPT = "__main__.py"
FILES = (SCRIPT, "trees.py", "eye.py")
OURS = re.compile(r"^from sightloop\.core\.arrays import .*\n", re.MULTILINE)  # names of annotations only
ERROR = "from sightloop.core.errors import BadBundle\n"

HEAD = '''"""Answers photos with this model: python MODEL.bundle PHOTO... Needs onnxruntime, numpy and Pillow."""

from __future__ import annotations

import io, json, os, sys

import numpy as np
import onnxruntime as ort
from PIL import Image

TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation: Pillow's transposition


def read(name):
    return __loader__.get_data(os.path.join(os.path.dirname(__file__), name))


def decode(path, side):
    """Upright RGB; of a large JPEG a half, quarter or eighth with both sides at least `side` pixels."""
    image = Image.open(path)
    kind, stored = image.format, Image.Exif()
    if kind == "JPEG":
        by = next((k for k in (8, 4, 2) if min(-(-length // k) for length in image.size) >= side), 1)
        image.draft(None, tuple(max(1, length // by) for length in image.size) if by > 1 else None)
    image.load()
    stored.load(image.info.get("exif", b""))
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        sys.exit(f"{path}: 32 bits a channel are not read here.")
    if image.has_transparency_data:
        colours, image = image.convert("RGBA"), Image.new("RGB", image.size, "white")
        image.paste(colours, mask=colours.getchannel("A"))
    turn = TURNS.get(stored.get(0x0112)) if kind != "TIFF" else None
    return image.convert("RGB") if turn is None else image.convert("RGB").transpose(turn)


def tensor(image, spec):
    """What the graph takes, (1, 3, size, size) float32."""
@CUT@
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side) if spec["mode"] == "crop" else None
    image = image.resize((spec["size"],) * 2, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
    mean, std = (np.asarray(spec[name], np.float64).reshape(3, 1, 1) for name in ("mean", "std"))
    values = np.asarray(image).transpose(2, 0, 1) * (1 / (255 * std)).astype(np.float32)
    return (values + (-mean / std).astype(np.float32)).astype(np.float32)[None]


class Model:
    def __init__(self, folder=""):
        self.folder, self.about = folder, json.loads(read(folder + "manifest.json"))
        graph = next(name for name in ("model.onnx", "model.int8.onnx") if name in self.about["files"])
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(read(folder + graph), options, providers=["CPUExecutionProvider"])
        self.side = self.about["input"]["size"] * (2 if self.about["input"].get("region") else 1)

    def run(self, image):
        names = [output.name for output in self.session.get_outputs()]
        inputs = {self.session.get_inputs()[0].name: tensor(image, self.about["input"])}
        return dict(zip(names, self.session.run(names, inputs)))

    def answer(self, found):
        """The probability of each class."""
        logits = found["logits"] if "logits" in found else boosted(self.folder, found["embedding"])
        scaled = (logits / self.about["temperature"]).astype(np.float32)[0]
        shifted = np.exp(scaled.astype(np.float64) - scaled.max())
        return dict(zip(self.about["classes"], (shifted / shifted.sum()).tolist()))

'''

CUT = """    if spec.get("region") == "eye":
        import eye

        image = Image.fromarray(np.ascontiguousarray(eye.cut(np.asarray(image))))
"""

BOOSTED = '''
def boosted(folder, embedding):
    """A linear layer and what the trees add to it."""
    from trees import Trees

    layer, trees = np.load(io.BytesIO(read(folder + "layer.npz"))), Trees.parse(read(folder + "booster.txt").decode())
    grown = trees(embedding) if trees.scores > 1 else trees(embedding) @ np.array([[-0.5, 0.5]])
    return (embedding @ layer["weight"].T + layer["bias"] + grown).astype(np.float32)

'''

ALONE = """
MODEL = Model()
for path in sys.argv[1:]:
    found = MODEL.answer(MODEL.run(decode(path, MODEL.side)))
    best = max(found, key=found.get)
    print(json.dumps({"path": path, "prediction": best, "confidence": found[best], "probabilities": found}))
"""

CASCADE = """
FAST, ACCURATE = Model("fast/"), Model("accurate/")
ABOUT = json.loads(read("manifest.json"))
LIMIT, HUMAN = ABOUT["certificate"]["threshold"], ABOUT["certificate"].get("human") or {"threshold": 0.0}
SHARED = FAST.about["encoder"] is not None and FAST.about["encoder"] == ACCURATE.about["encoder"]
for path in sys.argv[1:]:
    image = decode(path, max(FAST.side, ACCURATE.side))
    first, route = FAST.run(image), "fast"
    found = FAST.answer(first)
    if LIMIT is None or max(found.values()) < LIMIT:
        shared = SHARED and ACCURATE.about["family"] == "boosted"
        found, route = ACCURATE.answer({"embedding": first["embedding"]} if shared else ACCURATE.run(image)), "accurate"
    found = {name: found[name] for name in ABOUT["classes"]}
    best = max(found, key=found.get)
    if HUMAN["threshold"] is None or found[best] < HUMAN["threshold"]:
        route = "human"
    shown = "unknown" if route == "human" else best
    said = {"path": path, "prediction": shown, "confidence": found[best], "probabilities": found, "route": route}
    print(json.dumps(said))
"""


def write(folder: Path, manifest: Manifest) -> None:
    """Write the script, and the modules it needs, into the folder of a classifier's bundle; nothing for one of masks.

    It decodes, resizes and answers as the server does with `model.onnx`, but neither knows the project's limits nor
    judges how strange a picture is.
    """
    if manifest.task != "classify":
        return
    several = manifest.family == "cascade"
    trees_too = any((folder / part / "booster.txt").exists() for part in (".", "fast", "accurate"))
    region_too = several or bool(manifest.input.region)
    text = HEAD.replace("@CUT@\n", CUT if region_too else "") + (BOOSTED if trees_too else "")
    replace_file(folder / SCRIPT, (text + (CASCADE if several else ALONE)).encode())
    for module, needed in ((trees, trees_too), (eye, region_too)):
        if needed:
            replace_file(folder / f"{module.__name__.rpartition('.')[2]}.py", _alone(module).encode())


def _alone(module: ModuleType) -> str:
    """The source of one of our modules without the rest of us."""
    return OURS.sub("", inspect.getsource(module)).replace(ERROR, "BadBundle = ValueError\n")
