"""What a data set holds: its pictures in order, what it says of each, and how the mask of one is drawn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import numpy as np

from sightloop.core.entities import NOTHING, Side
from sightloop.core.errors import Rejected
from sightloop.flows.skipping import Skipped
from sightloop.vision.masks import Read

Kind = Literal["classes", "splits", "table", "flat", "masks", "coco", "yolo"]
Size = tuple[int, int]  # height and width in pixels, upright
Draw = Callable[["Item", Sequence[str], Size], Read]

SPLITS: dict[str, Side] = {
    "train": "train",
    "val": "calibration",
    "valid": "calibration",
    "validation": "calibration",
    "calibration": "calibration",
    "test": "test",
}
UNLABELLED = frozenset({"unlabelled", "unlabeled", "unknown", "images", "pictures", "photos", "uploads"})
MAX_CLASS_NAME = 100
MAX_INDEX = 255  # a mask is 8 bits


@dataclass(frozen=True)
class Item:
    """One picture to import; `where` is its path below the root and unique, `label` None where nobody said.

    `mask` is the path of the file that says what is drawn on it: another picture, outlines (.txt) or COCO (.json).
    """

    where: str
    name: str
    label: str | None
    side: Side | None
    site: str | None
    mask: str | None = None


@dataclass(frozen=True)
class Layout:
    """What a path holds: its pictures in order, and every file left out with its reason.

    `names` are the classes that index masks of this data set count, () where it does not say. `counts` says how many
    pictures have each class drawn on them; None where only drawing could tell, or where there are no masks. `notes`
    are about pictures that are taken all the same.
    """

    kind: Kind
    items: tuple[Item, ...]
    skipped: tuple[Skipped, ...]
    read: Callable[[str], bytes]
    names: tuple[str, ...] = ()
    counts: Counter[str] | None = None
    notes: tuple[Skipped, ...] = ()
    draw: Draw | None = None

    @property
    def classes(self) -> Counter[str]:
        """How many pictures each class has, in order of first appearance; of masks, as far as that is known."""
        if self.counts is not None:
            return self.counts
        return Counter(item.label for item in self.items if item.label is not None and self.draw is None)

    @property
    def used(self) -> tuple[str, ...]:
        """The classes that pictures have, or may have."""
        return tuple(self.classes) if self.draw is None or self.counts is not None else self.names

    def has_mask(self, item: Item) -> bool:
        """Whether the data set says what is drawn on this picture, were it nothing."""
        return self.draw is not None and (item.mask is not None or item.label == NOTHING)

    def mask_of(self, item: Item, *, classes: Sequence[str], size: Size) -> Read:
        """What is drawn on a picture, as indices of `classes`; draws anew at every call.

        Args:
            classes: the project's, in order; those of the data set are found among them whatever their case.
            size: of the picture, upright.

        Raises:
            Rejected: the mask cannot be read, has another size, or a class that is not among `classes`.
        """
        assert self.draw is not None
        found = self.draw(item, self.names or classes, size)
        if not self.names or tuple(self.names) == tuple(classes):
            return found
        return Read(self._translation(found, classes)[found.mask], found.note)

    def _translation(self, found: Read, classes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """The project's index of every index of this data set, (256,)."""
        theirs = {name.casefold(): index for index, name in enumerate(classes, 1)}
        table = np.zeros(MAX_INDEX + 1, np.uint8)
        for index, name in enumerate(self.names[:MAX_INDEX], 1):
            if name.casefold() in theirs:
                table[index] = theirs[name.casefold()]
            elif (found.mask == index).any():
                raise Rejected(f"its mask has the class {name!r}.", hint=f"Classes: {', '.join(classes)}.")
        return table


def is_class_name(text: str) -> bool:
    """Whether `text` may name a class: 1 to 100 printable characters."""
    return 0 < len(text) <= MAX_CLASS_NAME and text.isprintable()


def words(part: str) -> list[str]:
    """The words of a file's or folder's name in lower case: "Train_Img2" → train, img."""
    return re.findall(r"[^\W\d_]+", part.lower())


def side_in(parts: Sequence[str]) -> Side | None:
    """The side that names of folders or files tell, the last first; None where they tell none."""
    return next((SPLITS[word] for part in reversed(parts) for word in words(part) if word in SPLITS), None)


def side_of(path: str) -> Side | None:
    """The side that the folders of a path tell."""
    return side_in(PurePosixPath(path).parts[:-1])
