"""The class folders are what the rows say, whatever somebody did to them."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

from sightloop.core.entities import Image, Project
from sightloop.flows import answer, correct, library, projects, trash, upload, view
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images

Picture = Callable[..., bytes]
Incoming = Callable[..., upload.Incoming]


def kept(services: Services, incoming: Sequence[upload.Incoming]) -> list[Image]:
    found = upload.keep(services, user=OPERATOR, project="paint", incoming=incoming)
    return [one.image for one in found if one.image]


def labelled(services: Services, image: Image, value: str) -> Image:
    return correct.correct(services, user=OPERATOR, image_id=image.id, value=value, revision=None)


def tree(services: Services) -> list[str]:
    root = services.data / "view" / "paint"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_every_picture_has_one_link_in_its_class_and_the_bytes_are_shared(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    image = labelled(services, kept(services, [incoming(picture())])[0], "red")
    view.sync(services, project.id)
    assert tree(services) == [f"red/{image.id}-photo.jpg"]
    link = services.data / "view" / "paint" / tree(services)[0]
    assert link.stat().st_ino == services.blobs.path(image.sha256).stat().st_ino


def test_syncing_again_changes_nothing(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    kept(services, [incoming(picture(seed=seed)) for seed in range(3)])
    first = view.sync(services, project.id)
    again = view.sync(services, project.id)
    assert (first["linked"], again["linked"], again["removed"], again["kept"]) == (3, 0, 0, 3)


def test_what_people_did_to_the_folders_is_put_right_and_the_store_is_untouched(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    kept(services, [incoming(picture(seed=seed)) for seed in range(3)])
    view.sync(services, project.id)
    before, root = tree(services), services.data / "view" / "paint"
    (root / before[0]).unlink()
    (root / before[1]).rename(root / "moved.jpg")
    (root / "mine").mkdir()
    (root / "mine" / "note.txt").write_text("hello")
    assert view.sync(services, project.id)["linked"] == 2
    assert tree(services) == before
    assert len(list(services.blobs.walk())) == 3


def test_a_correction_moves_the_link(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    image = labelled(services, kept(services, [incoming(picture())])[0], "red")
    view.sync(services, project.id)
    view.follow(services, [labelled(services, image, "blue")])
    assert tree(services) == [f"blue/{image.id}-photo.jpg"]


def test_a_thrown_away_picture_leaves_the_folders(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    image = kept(services, [incoming(picture())])[0]
    view.sync(services, project.id)
    trash.discard(services, user=OPERATOR, image_id=image.id)
    with services.db.connect() as db:
        view.follow(services, [images.get(db, image.id)])
    assert tree(services) == []


def test_a_copy_stands_in_where_links_are_impossible(
    services: Services, project: Project, picture: Picture, incoming: Incoming, tmp_path: Path
) -> None:
    image = kept(services, [incoming(picture())])[0]
    blob = services.blobs.path(image.sha256)
    view.place(blob, tmp_path / "copy", link=unlinkable)
    assert (tmp_path / "copy").read_bytes() == blob.read_bytes()
    assert (tmp_path / "copy").stat().st_ino != blob.stat().st_ino


def unlinkable(source: Path, target: Path) -> None:
    raise OSError(errno.EXDEV, f"{source.name} and {target.name} are on different devices")


def test_a_row_without_bytes_is_counted_and_stops_nothing(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    lost, _ = kept(services, [incoming(picture(seed=seed)) for seed in range(2)])
    services.blobs.delete(lost.sha256)
    found = view.sync(services, project.id)
    assert (found["linked"], found["missing"]) == (1, 1)


def test_the_folders_follow_what_happens_to_a_picture(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    [image] = kept(services, [incoming(picture())])
    places = []
    changes: tuple[Callable[[], Image], ...] = (
        lambda: correct.correct(services, user=OPERATOR, image_id=image.id, value="blue"),
        lambda: trash.discard(services, user=OPERATOR, image_id=image.id),
        lambda: trash.restore(services, user=OPERATOR, image_id=image.id),
    )
    for change in changes:
        change()
        view.follow_events(services)
        places.append([path.parent.name for path in (services.data / "view" / "paint").glob("*/*")])
    assert places == [["blue"], [], ["blue"]]


def test_a_purged_picture_has_no_link(
    services: Services, project: Project, picture: Picture, incoming: Incoming
) -> None:
    [image] = kept(services, [incoming(picture())])
    view.follow_events(services)
    trash.discard(services, user=OPERATOR, image_id=image.id)
    trash.purge(services, user=OPERATOR, image_id=image.id)
    view.follow_events(services)
    assert list((services.data / "view" / "paint").glob("*/*")) == []


def test_the_folders_follow_a_new_floor(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, incoming: Incoming
) -> None:
    model(project)
    [image] = kept(services, [incoming(picture())])
    answer.score(services, project_id=project.id, image_ids=[image.id], timeout=30)
    view.follow_events(services)
    assert tree(services) == [f"red/{image.id}-photo.jpg"]
    projects.update(services, user=OPERATOR, name="paint", floor=1.0)
    view.follow_events(services)
    assert tree(services) == [f"unknown/{image.id}-photo.jpg"]
    [told] = [one for one in library.history(services, user=OPERATOR, image_id=image.id) if one["kind"] == "refloored"]
    assert (told["floor"], told["by"]) == (1.0, OPERATOR.id)
