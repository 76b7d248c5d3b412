"""YOLO's outlines: a text file beside each picture, one region per line, corners as shares of width and height."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sightloop.core.arrays import Mask
from sightloop.core.errors import Rejected
from sightloop.flows.items import Size
from sightloop.flows.outlined import Region, polygon
from sightloop.vision import regions

DIGITS = 8  # of a share: exact to 1/1,000 of a pixel on the longest side there is


def rows(data: bytes, *, size: Size, classes: int) -> Iterator[Region]:
    """The regions of one file; a line that cannot be used says why."""
    for number, line in enumerate(data.decode("utf-8-sig", errors="replace").splitlines(), 1):
        if line.strip():
            yield _region(f"Line {number}", line.split(), size=size, classes=classes)


def _region(where: str, words: Sequence[str], *, size: Size, classes: int) -> Region:
    try:
        index, *numbers = int(words[0]), *map(float, words[1:])
        if not 0 <= index < classes:
            raise Rejected(f"class {index} has no name.")
        if len(numbers) == 4:
            raise Rejected("a box is no outline.")
        return Region(where, int(index) + 1, (polygon(numbers) * (size[1], size[0]),))
    except ValueError:
        return Region(where, reason=f"{' '.join(words)[:40]!r} is no outline.")
    except Rejected as error:
        return Region(where, reason=error.message)


def indices(data: bytes) -> set[int]:
    """The class indices, from 0, that the lines of one file begin with."""
    first = (line.split()[0] for line in data.decode("utf-8-sig", errors="replace").splitlines() if line.strip())
    return {int(word) for word in first if word.isdecimal() and word.isascii()}


def written(mask: Mask) -> str:
    """The lines of a mask (height, width) of class indices; one line per piece, drawn back they are the same mask."""
    height, width = mask.shape
    lines = []
    for index in range(1, int(mask.max(initial=0)) + 1):
        for piece in regions.bridged(mask == index):
            shares = (f"{x / width:.{DIGITS}g} {y / height:.{DIGITS}g}" for x, y in piece)
            lines.append(f"{index - 1} {' '.join(shares)}\n")
    return "".join(lines)


def described(classes: Sequence[str]) -> str:
    """`data.yaml` of a folder of images/train, images/val, images/test and the same below labels/."""
    names = "".join(f'  {index}: "{_escaped(name)}"\n' for index, name in enumerate(classes))
    return f"path: .\ntrain: images/train\nval: images/val\ntest: images/test\nnc: {len(classes)}\nnames:\n{names}"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
