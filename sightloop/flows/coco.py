"""COCO's annotation files: pictures, categories and regions as polygons or run-length codes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from sightloop.core.arrays import Mask
from sightloop.core.entities import Json, Side
from sightloop.core.errors import Rejected
from sightloop.flows.items import Size, is_class_name, side_in
from sightloop.flows.naming import clean
from sightloop.flows.outlined import Region, polygon
from sightloop.flows.skipping import Skipped
from sightloop.flows.sources import Source
from sightloop.vision import regions


@dataclass
class Picture:
    """What the annotation files say of one picture: `size` as they have it, its regions, and its side."""

    file: str
    size: Size | None
    side: Side | None
    rows: list[Region] = field(default_factory=list)


@dataclass
class Found:
    """Pictures by path, the classes in the order of their indices, and every entry that was left out."""

    pictures: dict[str, Picture] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Annotation:
    """An annotation whose numbers are packed, for files of many."""

    id: Any
    image_id: Any
    category_id: Any
    region: Region


def look(source: Source, *, files: Sequence[str], pictures: Sequence[str]) -> Found:
    """Read those of `files` that are COCO's.

    Args:
        files: the .json files below the root.
        pictures: the picture files below the root, which `file_name` is looked for among.
    """
    found = Found()
    places = _Places(pictures)
    for name in files:
        try:
            parsed = json.loads(source.read(name), object_hook=_packed)
        except (ValueError, RecursionError) as error:
            found.skipped.append(Skipped(name, f"no readable JSON ({str(error)[:100]})."))
            continue
        except Rejected as error:
            found.skipped.append(Skipped(name, error.message))
            continue
        if isinstance(parsed, dict) and all(isinstance(parsed.get(key), list) for key in ("images", "annotations")):
            found.files.append(name)
            _read(found, name, parsed, places=places)
    return found


def _packed(entry: Json) -> Any:
    """An annotation as soon as it is read, so that its lists of numbers do not pile up."""
    if "image_id" not in entry or "category_id" not in entry:
        return entry
    return _Annotation(entry.get("id"), entry["image_id"], entry["category_id"], _region(entry))


def _region(entry: Json) -> Region:
    where, shape = f"Annotation {str(entry.get('id'))[:40]}", entry.get("segmentation")
    try:
        if isinstance(shape, dict) and "counts" in shape:
            return Region(where, rle=shape)
        if isinstance(shape, list) and shape:
            return Region(where, polygons=tuple(_polygon(one) for one in shape))
    except (ValueError, TypeError, OverflowError):
        return Region(where, reason="its outline is no list of numbers.")
    except Rejected as error:
        return Region(where, reason=error.message)
    return Region(where, reason="a box is no outline." if "bbox" in entry else "it has no outline.")


def _polygon(numbers: Sequence[Any]) -> Any:
    return polygon([float(number) for number in numbers])


class _Places:
    """Finds pictures by the names that annotation files give them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self._by_name[clean(PurePosixPath(name).name)].append(name)

    def find(self, given: str, *, file: str, side: Side | None) -> str | None:
        """The one picture meant: by path, then beside the file, then by side; None where there is none, or several."""
        wanted = [part for part in PurePosixPath(clean(given.replace("\\", "/"))).parts if part not in ("..", ".", "/")]
        called = self._by_name.get(wanted[-1], []) if wanted else []
        for width in range(len(wanted), 0, -1):
            there = [
                name
                for name in called
                if [clean(part) for part in PurePosixPath(name).parts][-width:] == wanted[-width:]
            ]
            if there:
                return _only(there, lambda name: PurePosixPath(name).parent == PurePosixPath(file).parent) or _only(
                    there, lambda name: side is not None and side_in(PurePosixPath(name).parts[:-1]) == side
                )
        return None


def _only(names: Sequence[str], fits: Any) -> str | None:
    if len(names) == 1:
        return names[0]
    left = [name for name in names if fits(name)]
    return left[0] if len(left) == 1 else None


def _read(found: Found, file: str, parsed: Json, *, places: _Places) -> None:
    side = side_in(PurePosixPath(file).with_suffix("").parts)
    names = _names(found, file, parsed.get("categories"))
    by_id = dict(_pictures(found, file, parsed["images"], places=places, side=side))
    drawn: dict[str, set[str]] = defaultdict(set)
    for entry in parsed["annotations"]:
        if not isinstance(entry, _Annotation) or _key(entry.image_id) not in by_id:
            found.skipped.append(Skipped(file, f"{_called(entry)}: no such picture."))
            continue
        where = by_id[_key(entry.image_id)]
        if where is None:
            continue
        name = names.get(_key(entry.category_id))
        found.pictures[where].rows.append(_classed(entry, name, found.names))
        if name is not None and entry.region.reason is None:
            drawn[where].add(name)
    found.counts.update(name for those in drawn.values() for name in those)


def _called(entry: Any) -> str:
    return f"annotation {str(entry.id)[:40]}" if isinstance(entry, _Annotation) else "an annotation"


def _key(given: Any) -> str:
    return str(given)


def _classed(entry: _Annotation, name: str | None, names: Sequence[str]) -> Region:
    region = entry.region
    if name is None:
        return Region(region.where, reason=f"no category {str(entry.category_id)[:40]}.")
    return replace(region, index=names.index(name) + 1)


def _names(found: Found, file: str, categories: Any) -> dict[str, str]:
    """Class name by category id; those that another file writes in another case are the same."""
    names: dict[str, str] = {}
    for entry in categories if isinstance(categories, list) else []:
        name = clean(str(entry.get("name", ""))) if isinstance(entry, dict) else ""
        if not is_class_name(name):
            found.skipped.append(Skipped(file, "a category without a name."))
            continue
        known = next((one for one in found.names if one.casefold() == name.casefold()), None)
        if known is None:
            found.names.append(name)
        names[_key(entry.get("id"))] = known or name
    return names


def _pictures(
    found: Found, file: str, given: Sequence[Any], *, places: _Places, side: Side | None
) -> Iterator[tuple[str, str | None]]:
    """Picture id → path, and the picture noted; None where it cannot be used, which is named."""
    for entry in given:
        name = entry.get("file_name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            found.skipped.append(Skipped(file, "a picture without a file_name."))
            continue
        where = places.find(name, file=file, side=side)
        if where is None or where in found.pictures:
            found.skipped.append(
                Skipped(name, f"{file}: {'the file is missing.' if where is None else 'listed twice.'}")
            )
            yield _key(entry.get("id")), None
            continue
        height, width = entry.get("height"), entry.get("width")
        size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        found.pictures[where] = Picture(file, size, side or side_in(PurePosixPath(where).parts[:-1]))
        yield _key(entry.get("id")), where


def entries(mask: Mask, *, image_id: int, first: int) -> list[Json]:
    """A mask (height, width) of class indices as entries, one per piece, numbered from `first`; category id = index."""
    found: list[Json] = []
    for index in range(1, int(mask.max(initial=0)) + 1):
        for piece in regions.bridged(mask == index):
            xs, ys = [x for x, _ in piece], [y for _, y in piece]
            found.append(
                {
                    "id": first + len(found),
                    "image_id": image_id,
                    "category_id": index,
                    "segmentation": [[_short(value) for point in piece for value in point]],
                    "bbox": [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)],
                    "area": _area(piece),
                    "iscrowd": 0,
                }
            )
    return found


def _area(piece: Sequence[tuple[float, float]]) -> float:
    """Of a polygon, in pixels (shoelace formula)."""
    following = [*piece[1:], piece[0]]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(piece, following, strict=True))) / 2


def _short(value: float) -> float:
    return int(value) if float(value).is_integer() else float(value)
