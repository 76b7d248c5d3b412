"""Importing: what was named is what is stored, once, whatever happens in between; originals are only read."""

from __future__ import annotations

import csv
import hashlib
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Job, Json, Progress, Project, User
from sightloop.core.errors import Cancelled, Forbidden, Rejected
from sightloop.core.ids import new_id
from sightloop.flows import checking, importing, intake, projects
from sightloop.flows import jobs as job_flows
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, jobs, users
from sightloop.store import projects as rows

Picture = Callable[..., bytes]


def quiet(progress: Progress) -> None:
    del progress


def files(root: Path, contents: dict[str, bytes]) -> Path:
    for name, data in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def painted(root: Path, picture: Picture, *, each: int = 3) -> Path:
    """`each` pictures of two colours in class folders."""
    names = [(colour, seed) for colour in ("red", "blue") for seed in range(each)]
    return files(root, {f"{colour}/{seed}.jpg": picture(colour, seed=seed) for colour, seed in names})


def imported(services: Services, path: Path, *, name: str = "paint", new_classes: bool = False) -> Json:
    job = importing.start(services, user=OPERATOR, name=name, path=path, new_classes=new_classes)
    return dict(importing.run(services, job, quiet)["import"])


def stored(services: Services, project: Project) -> dict[str, Image]:
    with services.db.connect() as db:
        return {f"{image.label}/{image.name}": image for image in images.stream(db, project.id)}


def test_every_labelled_picture_becomes_one_verified_row_with_its_facts(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    found = imported(services, painted(tmp_path / "set", picture))
    rows = stored(services, project)
    assert (found["stored"], found["duplicate"], found["failed"], found["total"]) == (6, 0, 0, 6)
    assert sorted(rows) == [f"{colour}/{seed}.jpg" for colour in ("blue", "red") for seed in range(3)]
    image = rows["red/1.jpg"]
    assert (image.status, image.shown, image.verified, image.width, image.height) == ("ready", "red", True, 64, 48)
    assert image.group_id
    assert services.blobs.kept("thumb", image.sha256)


def test_the_label_is_logged_as_imported_by_whoever_asked(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    imported(services, painted(tmp_path / "set", picture, each=1))
    with services.db.connect() as db:
        said = images.labels_of(db, stored(services, project)["red/0.jpg"].id)
    assert [(label.value, label.action, label.by) for label in said] == [("red", "import", OPERATOR.id)]


def test_originals_are_only_read(services: Services, project: Project, picture: Picture, tmp_path: Path) -> None:
    root = painted(tmp_path / "set", picture)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*.jpg")}
    imported(services, root)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*.*")} == before


def test_importing_twice_stores_nothing_twice(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    root = painted(tmp_path / "set", picture)
    imported(services, root)
    again = imported(services, root)
    assert (again["stored"], again["duplicate"]) == (0, 6)
    assert len(stored(services, project)) == 6


def test_a_killed_import_goes_on_where_it_was_and_reports_the_whole(
    services: Services, project: Project, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH_COUNT", 2)
    job = importing.start(services, user=OPERATOR, name="paint", path=painted(tmp_path / "set", picture))
    with pytest.raises(Cancelled):
        importing.run(services, job, killed_at(4))
    assert len(stored(services, project)) == 4
    found = importing.run(services, job, quiet)["import"]
    assert (found["stored"], found["duplicate"], found["total"]) == (6, 0, 6)
    assert len(stored(services, project)) == 6


def killed_at(done: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.done == done:
            raise Cancelled("killed here.")

    return report


KILLED = """
import os, signal, sys
from pathlib import Path
from sightloop import wiring
from sightloop.flows import importing, intake, jobs
from sightloop.settings import Settings

intake.BATCH_COUNT = 2
services = wiring.build(Settings(data=Path(sys.argv[1]), workers=1))
job = jobs.claim(services, worker="w", job_id=sys.argv[2])
importing.run(services, job, lambda progress: os.kill(os.getpid(), signal.SIGKILL) if progress.done == 4 else None)
"""


def test_kill_9_in_the_middle_loses_nothing_and_doubles_nothing(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    job = importing.start(services, user=OPERATOR, name="paint", path=painted(tmp_path / "set", picture))
    child = subprocess.run([sys.executable, "-c", KILLED, str(services.data), job.id], check=False)
    assert child.returncode == -signal.SIGKILL
    assert len(stored(services, project)) == 4
    assert importing.run(services, job, quiet)["import"]["stored"] == 6
    assert len(stored(services, project)) == 6
    assert checking.check(services, deep=True)["ok"]


def test_the_published_cataract_split_is_seen_to_leak(services: Services, shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "cataract"
    with (folder / "published_split.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["curated_file"].startswith("dev/")]
    for row in rows:
        target = tmp_path / "set" / row["original_path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(folder / row["curated_file"].removeprefix("dev/"))
    projects.create(services, user=OPERATOR, name="eyes", recipe="cataract")
    held_out = imported(services, tmp_path / "set", name="eyes")["leaks"]["held_out"]["test"]
    assert held_out["pictures"] == 88
    assert held_out["exact_share"] > 0.5


def test_a_bad_picture_is_listed_with_its_reason_and_not_stored(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    contents = {"red/good.jpg": picture(), "red/cut.jpg": picture(seed=1)[:300], "red/empty.jpg": b""}
    found = imported(services, files(tmp_path / "set", {**contents, "red/text.jpg": b"no picture"}))
    assert (found["stored"], found["failed"]) == (1, 3)
    assert {one["path"] for one in found["failures"]} == {"red/cut.jpg", "red/empty.jpg", "red/text.jpg"}
    assert all(one["reason"] for one in found["failures"])
    assert list(stored(services, project)) == ["red/good.jpg"]
    assert len(list(services.blobs.walk())) == 1


def test_a_new_class_is_asked_about_before_anything_happens(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    root = files(tmp_path / "set", {"red/1.jpg": picture(), "mauve/1.jpg": picture("blue")})
    with pytest.raises(Rejected, match="mauve"):
        importing.start(services, user=OPERATOR, name="paint", path=root)
    with services.db.connect() as db:
        assert jobs.all(db) == []


def test_an_agreed_new_class_is_added_behind_the_others(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    root = files(tmp_path / "set", {"red/1.jpg": picture(), "mauve/1.jpg": picture("blue")})
    imported(services, root, new_classes=True)
    with services.db.connect() as db:
        assert rows.get(db, "paint").classes == (*project.classes, "mauve")


def test_a_project_without_classes_takes_those_of_its_first_import(
    services: Services, picture: Picture, tmp_path: Path
) -> None:
    projects.create(services, user=OPERATOR, name="blank")
    imported(services, painted(tmp_path / "set", picture, each=1), name="blank")
    with services.db.connect() as db:
        assert rows.get(db, "blank").classes == ("blue", "red")


def test_case_does_not_make_another_class(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    imported(services, files(tmp_path / "set", {"RED/1.jpg": picture(), "Blue/1.jpg": picture("blue")}))
    assert sorted(stored(services, project)) == ["blue/1.jpg", "red/1.jpg"]


def test_published_sides_are_kept_and_validation_becomes_calibration(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    names = {"train/red/0.jpg": 0, "valid/red/1.jpg": 1, "test/red/2.jpg": 2}
    imported(services, files(tmp_path / "set", {name: picture(seed=seed) for name, seed in names.items()}))
    sides = {name: image.side for name, image in stored(services, project).items()}
    assert sides == {"red/0.jpg": "train", "red/1.jpg": "calibration", "red/2.jpg": "test"}


def test_a_leaking_split_is_reported_and_its_copies_never_teach(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    train = {f"train/red/{seed}.jpg": picture(seed=seed) for seed in range(12)}
    test = {f"test/red/t{seed}.jpg": picture(seed=seed) for seed in (0, 1, 2, 20, 21)}
    found = imported(services, files(tmp_path / "set", {**train, **test}))
    held_out = found["leaks"]["held_out"]["test"]
    assert (held_out["pictures"], held_out["exact"], held_out["exact_share"]) == (5, 3, 0.6)
    sides = {name: (image.side, bool(image.meta.get("leaked"))) for name, image in stored(services, project).items()}
    assert sides["red/t0.jpg"] == ("test", True)
    assert sides["red/t20.jpg"] == ("test", False)
    assert sum(side == "train" for side, _ in sides.values()) == 9


def test_contradictory_labels_are_reported_and_the_first_word_stands(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    found = imported(services, files(tmp_path / "set", {"blue/1.jpg": picture(), "red/1.jpg": picture()}))
    assert [(one["given"], one["stands"]) for one in found["at_odds"]] == [("red", "blue")]
    assert found["leaks"]["contradictions"]["pairs"] == 1
    assert list(stored(services, project)) == ["blue/1.jpg"]


def test_pictures_of_one_site_are_never_on_two_sides(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    lines = ["filepath,label,site", *(f"{seed}.jpg,red,patient{seed % 3}" for seed in range(12))]
    root = files(tmp_path / "set", {f"{seed}.jpg": picture(seed=seed) for seed in range(12)})
    (root / "list.csv").write_text("\n".join(lines))
    imported(services, root / "list.csv")
    sides = {(image.site, image.side) for image in stored(services, project).values()}
    assert len(sides) == 3


def test_a_label_reaches_a_picture_that_was_there_without_one(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    imported(services, files(tmp_path / "flat", {"1.jpg": picture()}))
    assert list(stored(services, project)) == ["None/1.jpg"]
    imported(services, files(tmp_path / "set", {"red/again.jpg": picture()}))
    assert list(stored(services, project)) == ["red/1.jpg"]


def test_a_zip_imports_like_its_folder(services: Services, project: Project, picture: Picture, tmp_path: Path) -> None:
    root = painted(tmp_path / "set", picture)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in root.rglob("*.jpg"):
            archive.write(path, f"set/{path.relative_to(root)}")
    imported(services, tmp_path / "set.zip")
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*.jpg")}
    assert {image.sha256 for image in stored(services, project).values()} == hashes


def test_a_plan_counts_everything_and_writes_nothing(
    services: Services, project: Project, picture: Picture, tmp_path: Path
) -> None:
    root = files(tmp_path / "set", {"train/red/1.jpg": picture(), "test/mauve/2.jpg": b"x", "test/notes.txt": b"y"})
    plan = importing.plan(services, project=project, path=root)
    assert (plan["pictures"], plan["classes"], plan["new_classes"]) == (2, {"mauve": 1, "red": 1}, ["mauve"])
    assert plan["splits"] == {"test": {"mauve": 1}, "train": {"red": 1}}
    assert plan["skipped"] == [{"path": "test/notes.txt", "reason": "not a picture."}]
    assert stored(services, project) == {}


def test_a_dry_run_job_only_plans(services: Services, project: Project, picture: Picture, tmp_path: Path) -> None:
    root = painted(tmp_path / "set", picture)
    job = importing.start(services, user=OPERATOR, name="paint", path=root, dry_run=True)
    assert importing.run(services, job, quiet)["import"]["pictures"] == 6
    assert stored(services, project) == {}


@pytest.fixture
def uploaded(services: Services, picture: Picture) -> Path:
    path = services.blobs.incoming / "upload.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("red/1.jpg", picture())
    return path


@pytest.mark.parametrize("dry_run", [False, True])
def test_our_own_temporary_archive_is_removed_only_when_the_job_is_over(
    services: Services, project: Project, uploaded: Path, run_job: Callable[[Job], Job], dry_run: bool
) -> None:
    job = importing.start(services, user=OPERATOR, name="paint", path=uploaded, discard=True, dry_run=dry_run)
    importing.run(services, job, quiet)
    job_flows.clear_up(services, job.id)
    assert uploaded.exists(), "the next try, if this one was killed now, needs it"
    assert run_job(job).state == "done"
    job_flows.clear_up(services, job.id)
    assert not uploaded.exists()


def test_the_archive_of_a_cancelled_import_is_removed_at_once(
    services: Services, project: Project, uploaded: Path
) -> None:
    job = importing.start(services, user=OPERATOR, name="paint", path=uploaded, discard=True)
    job_flows.cancel(services, user=OPERATOR, job_id=job.id)
    assert not uploaded.exists()


def test_a_viewer_may_not_import(services: Services, project: Project, picture: Picture, tmp_path: Path) -> None:
    viewer = User(id=new_id(), email="v@example.org", name="v", role="viewer", created_at=0.0)
    with services.db.begin() as db:
        users.add(db, viewer, password_hash="")
        rows.set_member(db, project.id, user_id=viewer.id, role="viewer")
    with pytest.raises(Forbidden):
        importing.start(services, user=viewer, name="paint", path=painted(tmp_path / "set", picture))
