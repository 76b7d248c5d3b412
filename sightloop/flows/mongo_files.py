"""Find BioSight's files: the paths in its database began on another machine, so they are matched from their end."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath

from sightloop.core.entities import UNKNOWN
from sightloop.core.errors import Missing
from sightloop.flows import sources
from sightloop.flows.items import is_class_name
from sightloop.flows.mongo_dump import Picture

FOLDERS = frozenset({"uploads", "organized_images", "organized", "static", "app", "client-side", "images"})


class Files:
    """The files below the folder that holds `uploads/` and `organized_images/`; nothing outside is ever named."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise Missing(f"no folder {str(root)!r}.", hint="Name the folder that holds organized_images/.")
        with sources.opened(root) as source:
            self.read = source.read
            self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
            for name in source.names:
                self._by_name[PurePosixPath(name).name.casefold()].append(PurePosixPath(name))

    def find(self, one: Picture) -> PurePosixPath | None:
        """The file that shares most of the document's path; a bare name must be the only one of its kind."""
        wanted = {one.corrected, one.predicted}
        found = self._by_name.get(one.path.name.casefold(), [])
        best = max(found, key=lambda path: (_shared(path, one.path), path.parent.name in wanted), default=None)
        if best is None or len(found) == 1 or best.parent.name in wanted or _shared(best, one.path) > 1:
            return best
        return None

    def corrected(self, one: Picture) -> str | None:
        """The class a person chose: as written, else that of the folder the file was moved to afterwards."""
        if one.corrected is not None:
            return one.corrected if is_class_name(one.corrected) else None
        path = self.find(one)
        folder = path.parent.name if path else ""
        if one.predicted and folder and folder.lower() not in FOLDERS and folder not in (one.predicted, UNKNOWN):
            return folder if is_class_name(folder) else None
        return None


def _shared(one: PurePosixPath, two: PurePosixPath) -> int:
    """How many parts two paths share, counted from their ends."""
    count = 0
    for left, right in zip(reversed(one.parts), reversed(two.parts), strict=False):
        if left.casefold() != right.casefold():
            break
        count += 1
    return count
