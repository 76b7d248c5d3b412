"""The forms in which an export lays pictures and what people said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Literal

from sightloop.core.entities import NOTHING, Image, Json, Side
from sightloop.core.errors import Rejected
from sightloop.flows import coco, yolo
from sightloop.flows.naming import file_name, folder_name
from sightloop.flows.sources import PICTURES
from sightloop.vision import masks

Format = Literal["masks", "coco", "yolo"]
FORMATS: tuple[Format, ...] = ("masks", "coco", "yolo")
Files = Iterator[tuple[str, bytes | Iterator[bytes]]]

NO_CLASS = "unlabelled"
ANNOTATIONS = "annotations.json"
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
}
FOLDERS: dict[Side, str] = {"train": "train", "calibration": "val", "test": "test", "none": "none"}


@dataclass
class Classes:
    """Pictures by class."""

    taken: set[str] = field(default_factory=set)

    def place(self, image: Image) -> str:
        """A path for the picture that no other has, also where case does not count."""
        folder, name = folder_name(image.label or image.shown or NO_CLASS), own_name(image)
        path = f"{folder}/{name}"
        if path.casefold() in self.taken:
            path = f"{folder}/{name.stem}-{image.id}{name.suffix}"
        self.taken.add(path.casefold())
        return path


def own_name(image: Image) -> PurePosixPath:
    """The picture's name made safe, with the ending of a picture."""
    name = PurePosixPath(file_name(image.name))
    return (
        name if name.suffix.lower() in PICTURES else PurePosixPath(name.name + SUFFIXES.get(image.media_type, ".jpg"))
    )


@dataclass
class Masks:
    """`images/` and, for each mask that a human drew, a PNG of the same stem in `masks/`."""

    classes: Sequence[str]
    taken: set[str] = field(default_factory=set)

    def place(self, image: Image) -> str:
        """A path for the picture; no other has its stem, also where case does not count."""
        name = own_name(image)
        if name.stem.casefold() in self.taken:
            name = PurePosixPath(f"{name.stem}-{image.id}{name.suffix}")
        self.taken.add(name.stem.casefold())
        return f"{self.folder(image)}/{name}"

    def folder(self, image: Image) -> str:
        del image
        return "images"

    def mask_file(self, path: str) -> str:
        """Where the mask of the picture at `path` is."""
        return f"masks/{PurePosixPath(path).stem}.png"

    def draw(self, image: Image, path: str, mask: bytes) -> Files:
        """The files that hold a human's mask, a canonical PNG."""
        del image
        yield self.mask_file(path), mask

    def last(self) -> Files:
        """The files that are written when every picture is."""
        yield "classes.txt", "".join(f"{name}\n" for name in self.classes).encode()


@dataclass
class Yolo(Masks):
    """`images/<side>/` and outlines in `labels/<side>/`, as Ultralytics' segmentation wants them.

    A picture that nobody said anything of lies apart, as readers would take it for an empty one.
    """

    def folder(self, image: Image) -> str:
        drawn = image.mask is not None or image.label == NOTHING
        return f"images/{FOLDERS[image.side] if drawn else NO_CLASS}"

    def mask_file(self, path: str) -> str:
        parts = PurePosixPath(path)
        return f"labels/{parts.parent.name}/{parts.stem}.txt"

    def draw(self, image: Image, path: str, mask: bytes) -> Files:
        del image
        yield self.mask_file(path), yolo.written(masks.decode(mask)).encode()

    def last(self) -> Files:
        yield "data.yaml", yolo.described(self.classes).encode()


@dataclass
class Coco(Masks):
    """`images/` and one file of annotations, a polygon for each piece of a mask.

    A picture that nobody said anything of is not listed there, as readers would take it for an empty one. `images` and
    `annotations` are files for what will be its two lists.
    """

    images: IO[bytes] = field(kw_only=True)
    annotations: IO[bytes] = field(kw_only=True)
    count: int = 0
    rows: int = 0

    def mask_file(self, path: str) -> str:
        del path
        return ANNOTATIONS

    def draw(self, image: Image, path: str, mask: bytes) -> Files:
        self.count += 1
        entry = {"id": self.count, "file_name": PurePosixPath(path).name, "width": image.width, "height": image.height}
        _append(self.images, entry, first=self.count == 1)
        for row in coco.entries(masks.decode(mask), image_id=self.count, first=self.rows + 1):
            self.rows += 1
            _append(self.annotations, row, first=self.rows == 1)
        yield from ()

    def last(self) -> Files:
        yield ANNOTATIONS, self._whole()

    def _whole(self) -> Iterator[bytes]:
        categories = [{"id": index, "name": name} for index, name in enumerate(self.classes, 1)]
        yield b'{"categories": ' + json.dumps(categories).encode() + b', "images": [\n'
        yield from pieces(self.images)
        yield b'\n], "annotations": [\n'
        yield from pieces(self.annotations)
        yield b"\n]}\n"


def _append(file: IO[bytes], entry: Json, *, first: bool) -> None:
    file.write((b"" if first else b",\n") + json.dumps(entry).encode())


def pieces(file: IO[bytes], *, size: int = 1 << 20) -> Iterator[bytes]:
    """What was written to a temporary file, from its beginning."""
    file.seek(0)
    while piece := file.read(size):
        yield piece


def mask_png(image: Image, *, get: Callable[[str], bytes]) -> bytes | None:
    """The mask that a human drew, as a canonical PNG; None where nobody did. Raises Missing where it is lost."""
    if image.mask is not None:
        return get(image.mask)
    if image.label == NOTHING and image.height is not None and image.width is not None:
        return masks.encode(masks.empty((image.height, image.width)))
    return None


def check(form: str, *, task: str) -> None:
    """Raise Rejected unless a project of this task can be exported in that form ("" is its usual one)."""
    if form and task != "segment":
        raise Rejected(f"format {form!r} is for masks, and the project tells classes apart.", hint="Leave it out.")
    if form and form not in FORMATS:
        raise Rejected(f"no format {form!r}.", hint=f"Known formats: {', '.join(FORMATS)}.")
