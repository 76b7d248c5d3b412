"""Data sets that say which pixels show what: mask folders, COCO, YOLO, and listings with a column of masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from sightloop.core.errors import Rejected
from sightloop.flows import class_names, coco, outlined, pairs, yolo
from sightloop.flows.items import Draw, Item, Kind, Layout, Size, side_of
from sightloop.flows.skipping import Skipped
from sightloop.flows.sources import Source, is_picture
from sightloop.vision import masks
from sightloop.vision.masks import Read

OUTLINES = ".txt"
ANNOTATIONS = ".json"
BACKGROUND = "background"  # some lists of classes begin with what is none
NO_MASK = "has no mask, so it comes without a label."
NO_PICTURE = "a mask without a picture of its name."


def recognise(source: Source, names: Sequence[str], *, wanted: bool) -> tuple[Layout | None, Sequence[Skipped]]:
    """The layout where `names` are a data set of masks, else None; and the .json files that could not be read.

    Args:
        names: the files below the root that are not junk.
        wanted: masks are what is looked for: a folder called so is one even where no picture has any of them, and
            `a_mask.png` beside `a.jpg` is a mask.
    """
    pictures = [name for name in names if is_picture(name)]
    listed = coco.look(source, files=[name for name in names if name.lower().endswith(ANNOTATIONS)], pictures=pictures)
    if listed.files:
        return _from_coco(source, listed, names=names), ()
    broken = {skip.where for skip in listed.skipped}
    found = _by_names(source, [name for name in names if name not in broken], pictures=pictures, wanted=wanted)
    return found, listed.skipped


def _by_names(source: Source, names: Sequence[str], *, pictures: Sequence[str], wanted: bool) -> Layout | None:
    inside = [name for name in pictures if pairs.role(name) == "mask"]
    if inside and (found := pairs.in_folders(pictures, inside)).pictures and (wanted or found.sure):
        return _from_pairs("masks", source, found, names=names)
    lines = [name for name in names if name.lower().endswith(OUTLINES) and pairs.role(name) == "mask"]
    if lines and (found := pairs.in_folders(pictures, lines)).mask_of and (wanted or found.sure):
        return _from_pairs("yolo", source, found, names=names)
    marked = pairs.beside_pictures(pictures) if wanted else None
    return _from_pairs("masks", source, marked, names=names) if marked else None


def _from_pairs(kind: Kind, source: Source, found: pairs.Pairs, *, names: Sequence[str]) -> Layout:
    listed, file = class_names.find(source)
    if kind == "masks" and listed and listed[0].strip("_").casefold() == BACKGROUND:
        listed = listed[1:]
    items = [_item(name, found.mask_of.get(name)) for name in found.pictures]
    used = {*found.pictures, *found.mask_of.values(), *found.lonely, *found.beside, *([file] if file else [])}
    lonely = [Skipped(name, NO_PICTURE) for name in found.lonely]
    beside = [Skipped(name, "lies beside the folders of pictures and masks.") for name in found.beside]
    return Layout(
        kind=kind,
        items=tuple(items),
        skipped=(*source.skipped, *lonely, *beside, *_others(names, used)),
        read=source.read,
        names=listed,
        counts=_counts(source, items, listed) if kind == "yolo" else None,
        notes=tuple(Skipped(item.where, NO_MASK) for item in items if item.mask is None),
        draw=drawer(source.read, {}),
    )


def _item(name: str, mask: str | None) -> Item:
    return Item(name, PurePosixPath(name).name, None, side_of(name), None, mask)


def _others(names: Sequence[str], used: set[str]) -> list[Skipped]:
    return [Skipped(name, "not a picture.") for name in names if name not in used]


def _from_coco(source: Source, found: coco.Found, *, names: Sequence[str]) -> Layout:
    items = []
    for where, picture in found.pictures.items():
        mask = picture.file if picture.rows else None
        items.append(Item(where, PurePosixPath(where).name, None, picture.side, None, mask))
    used = {*found.pictures, *found.files, *(skip.where for skip in found.skipped)}
    rest = [name for name in names if name not in used]
    unlisted = [Skipped(name, "no annotation file lists it.") for name in rest if is_picture(name)]
    others = [Skipped(name, "not a picture.") for name in rest if not is_picture(name)]
    return Layout(
        kind="coco",
        items=tuple(items),
        skipped=(*source.skipped, *found.skipped, *unlisted, *others),
        read=source.read,
        names=tuple(found.names),
        counts=Counter({name: found.counts[name] for name in found.names if found.counts[name]}),
        notes=tuple(Skipped(item.where, NO_MASK) for item in items if item.mask is None),
        draw=drawer(source.read, found.pictures),
    )


def listed(source: Source, items: Sequence[Item], *, pictures: Sequence[str]) -> Layout:
    """A layout of listed pictures whose masks are files of any kind; `skipped` holds only what masks add to it."""
    files = {item.mask for item in items if item.mask is not None}
    found = coco.look(source, files=sorted(f for f in files if f.lower().endswith(ANNOTATIONS)), pictures=pictures)
    names = tuple(found.names) or class_names.find(source)[0]
    lines = [item for item in items if item.mask and item.mask.lower().endswith(OUTLINES)]
    counts = found.counts + (_counts(source, lines, names) or Counter())
    known = names and all(file.lower().endswith((OUTLINES, ANNOTATIONS)) for file in files)
    return Layout(
        kind="table",
        items=tuple(items),
        skipped=tuple(found.skipped),
        read=source.read,
        names=names,
        counts=counts if known else None,
        draw=drawer(source.read, found.pictures),
    )


def _counts(source: Source, items: Sequence[Item], names: Sequence[str]) -> Counter[str] | None:
    """How many pictures have each class by their outlines; None where nothing names the classes."""
    if not names:
        return None
    found: Counter[int] = Counter()
    for item in items:
        if item.mask is not None:
            found.update(_indices(source, item.mask))
    return Counter({name: found[index] for index, name in enumerate(names) if found[index]})


def _indices(source: Source, name: str) -> set[int]:
    try:
        return yolo.indices(source.read(name))
    except Rejected:  # told when it is drawn
        return set()


def drawer(read: Callable[[str], bytes], annotated: Mapping[str, coco.Picture]) -> Draw:
    """How the masks of a data set are drawn; `annotated` holds what COCO files say, by picture."""

    def draw(item: Item, classes: Sequence[str], size: Size) -> Read:
        if item.mask is None:
            return Read(masks.empty(size))
        if item.mask.lower().endswith(ANNOTATIONS):
            return _annotated(annotated.get(item.where), size)
        data = read(item.mask)
        if item.mask.lower().endswith(OUTLINES):
            return outlined.paint(yolo.rows(data, size=size, classes=len(classes)), size=size)
        return masks.read(data, classes=len(classes), size=size)

    return draw


def _annotated(picture: coco.Picture | None, size: Size) -> Read:
    if picture is None:
        raise Rejected("the annotation file does not list the picture.")
    if picture.size is not None and picture.size != size:
        (height, width), (tall, wide) = picture.size, size
        raise Rejected(f"annotated as {width} × {height}, the picture has {wide} × {tall} pixels.")
    return outlined.paint(picture.rows, size=size)
