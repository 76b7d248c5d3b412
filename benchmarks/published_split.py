"""The published cataract split replayed over our files: which test pictures are also training pictures.

`python -m benchmarks.published_split --data ../shared/data/cataract`
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from pathlib import Path, PurePosixPath

import click

from benchmarks import installation
from benchmarks.results import publish
from sightloop.flows import importing, projects
from sightloop.flows.access import OPERATOR
from tests import tiny


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=Path("../shared/data/cataract"))
def main(data: Path) -> None:
    """Rebuild the published split as a table, import it, and read the report."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "published.csv"
        rows = _rebuild(data.absolute(), table)
        with installation.opened(Path(folder) / "data") as services:
            projects.create(services, user=OPERATOR, name="eyes", recipe="cataract")
            done = tiny.run(services, importing.start(services, user=OPERATOR, name="eyes", path=table))
    training = {content for _, content, _, split in rows if split == "train"}
    expected = {path for path, content, _, split in rows if split == "test" and content in training}
    leaks = done.context["import"]["leaks"]
    named = set(leaks["leaked"]["test"])
    publish(
        "published_split",
        [
            {
                "rows": len(rows),
                "test_rows": sum(split == "test" for _, _, _, split in rows),
                "expected_leaks": len(expected),
                "named_exactly": len(named & expected),
                "named_wrongly": len(named - expected),
            }
        ],
        notes={
            "held_out": leaks["held_out"],
            "near": len(leaks["near"]),
            "contradictions": len(leaks["contradictions"]),
        },
    )


def _rebuild(data: Path, table: Path) -> list[tuple[str, str, str, str]]:
    """Write `filepath,label,split` and the files it names; returns (path, content, label, split) per published row."""
    rows = []
    with (data / "published_split.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            split, label, _ = PurePosixPath(row["original_path"]).parts
            here = data / label / PurePosixPath(row["curated_file"]).name
            if row["curated_file"].startswith("dev/") and here.is_file():
                there = table.parent / row["original_path"]
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(here, there)
                rows.append((row["original_path"], here.name, label, split))
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("filepath", "label", "split"), *((path, label, split) for path, _, label, split in rows)]
        )
    return rows


if __name__ == "__main__":
    main()
