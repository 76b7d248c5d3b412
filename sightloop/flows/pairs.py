"""Find which mask belongs to which picture, by the names of their folders and files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Literal

from sightloop.core.entities import Side
from sightloop.flows.items import SPLITS, UNLABELLED, side_of, words
from sightloop.flows.naming import clean

Role = Literal["picture", "mask"]
Key = tuple[object, ...]

PICTURE_WORDS = frozenset(
    {"image", "images", "img", "imgs", "photo", "photos", "picture", "pictures", "jpegimages", "input", "inputs", "rgb"}
)
MASK_WORDS = frozenset(
    {"mask", "masks", "label", "labels", "lab", "annotation", "annotations", "gt", "groundtruth", "ground", "truth"}
    | {"target", "targets", "seg", "segmentation", "segmentations", "segmentationclass"}
)
ENDINGS = ("mask", "masks", "label", "labels", "gt", "seg")


@dataclass(frozen=True)
class Pairs:
    """Pictures in order, the mask of each that has one, and what was left over."""

    pictures: tuple[str, ...]
    mask_of: dict[str, str]
    lonely: tuple[str, ...]  # masks without a picture
    beside: tuple[str, ...]  # neither

    @property
    def sure(self) -> bool:
        """Whether a folder of pictures stands beside the folder of masks, and a mask has its picture there."""
        return any(role(name) == "picture" for name in self.mask_of)


def role(path: str) -> Role | None:
    """What the folders of `path` say that its file is; the innermost that says something wins."""
    for part in reversed(PurePosixPath(path).parts[:-1]):
        if found := _folder_role(part):
            return found
    return None


def _folder_role(part: str) -> Role | None:
    said = [word for word in words(part) if word not in SPLITS]
    if not said or not all(word in PICTURE_WORDS or word in MASK_WORDS for word in said):
        return None
    return "mask" if any(word in MASK_WORDS for word in said) else "picture"


def in_folders(names: Sequence[str], masks: Sequence[str]) -> Pairs:
    """Pair pictures with the files of mask folders.

    Args:
        names: every picture file, masks among them or not.
        masks: the files that are masks.
    """
    drawn = set(masks)
    left = [name for name in names if name not in drawn]
    if any(role(name) == "picture" for name in left):
        pictures = [name for name in left if role(name) == "picture" or _unlabelled(name)]
    else:
        pictures = left
    taken = set(pictures)
    return _paired(pictures, masks, beside=[name for name in left if name not in taken])


def beside_pictures(names: Sequence[str]) -> Pairs | None:
    """Pair `a.jpg` with `a_mask.png` of the same folder; None where there is no such pair."""
    stems = {(PurePosixPath(name).parent, _stem(name).casefold()) for name in names}
    masks = [
        name
        for name in names
        if (bare := _bare(_stem(name))) != _stem(name) and (PurePosixPath(name).parent, bare.casefold()) in stems
    ]
    marked = set(masks)
    return _paired([name for name in names if name not in marked], masks, beside=[]) if masks else None


def _unlabelled(name: str) -> bool:
    return any(part.lower() in UNLABELLED for part in PurePosixPath(name).parts[:-1])


def _paired(pictures: Sequence[str], masks: Sequence[str], *, beside: Sequence[str]) -> Pairs:
    """Pair in rounds, the strictest first; in each, only one picture and one mask that share a key are a pair."""
    found: dict[str, str] = {}
    left = list(masks)
    for key in (_whole, _exact, _loose, _name_only):
        by_key = _unique(left, partial(key, mask=True))
        alone = [name for name in pictures if name not in found]
        for where, name in _unique(alone, partial(key, mask=False)).items():
            if where in by_key:
                found[name] = by_key[where]
        used = set(found.values())
        left = [name for name in left if name not in used]
    return Pairs(tuple(pictures), found, tuple(left), tuple(beside))


def _unique(names: Iterable[str], key: Callable[[str], Key]) -> dict[Key, str]:
    found: dict[Key, list[str]] = defaultdict(list)
    for name in names:
        found[key(name)].append(name)
    return {where: them[0] for where, them in found.items() if len(them) == 1}


def _whole(name: str, *, mask: bool) -> Key:
    """`a.jpg` and `a.jpg.png`."""
    return (*_place(name), _stem(name) if mask else clean(PurePosixPath(name).name))


def _exact(name: str, *, mask: bool) -> Key:
    del mask
    return (*_place(name), _stem(name))


def _loose(name: str, *, mask: bool) -> Key:
    return (*_place(name), _stem_key(name, mask=mask))


def _name_only(name: str, *, mask: bool) -> Key:
    return (_stem_key(name, mask=mask),)


def _place(name: str) -> tuple[Side | None, tuple[str, ...]]:
    """The side, and the folders that say neither a side nor a role."""
    parts = PurePosixPath(name).parts[:-1]
    return side_of(name), tuple(clean(part).casefold() for part in parts if not _says(part))


def _says(part: str) -> bool:
    return bool(words(part)) and all(word in SPLITS or word in PICTURE_WORDS | MASK_WORDS for word in words(part))


def _stem(name: str) -> str:
    return clean(PurePosixPath(name).stem)


def _stem_key(name: str, *, mask: bool) -> str:
    return (_bare(_stem(name)) if mask else _stem(name)).casefold()


def _bare(stem: str) -> str:
    """`a_mask` → `a`."""
    start, _, end = stem.replace("-", "_").rpartition("_")
    return stem[: len(start)] if start and end.lower() in ENDINGS else stem
