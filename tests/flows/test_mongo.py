"""A BioSight dump comes over row by row: who, which picture, what the model said, what people corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Json, Project
from sightloop.core.errors import Missing, Rejected, Unauthenticated
from sightloop.flows import accounts, mongo, mongo_dump, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, users

Picture = Callable[..., bytes]
HASH = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZBpzJ1t1y2bJZ5bJZ5bJZ5bJZ5bJZ5"


@pytest.fixture
def bio(services: Services) -> Project:
    return projects.create(services, user=OPERATOR, name="bio", recipe="biosight")


@pytest.fixture
def dump(tmp_path: Path, picture: Picture) -> Path:
    """Two users and five images: as predicted, corrected by field, corrected by folder, lost, and a copy."""
    places = ["organized_images/Aves/a.jpg", "organized_images/Fungi/b.jpg", "organized_images/Insecta/c.jpg"]
    for seed, place in enumerate([*places, "uploads/e.jpg"]):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(picture("green", seed=seed % 3))
    write(
        tmp_path / "users.json",
        {"_id": {"$oid": "64a0"}, "username": "Ann", "email": "Ann@Example.org", "hashed_password": HASH},
        {"_id": {"$oid": "64a1"}, "username": "bob", "email": "bob@example.org", "password": HASH},
    )
    date = {"$date": "2025-04-01T10:00:00.000Z"}
    write(
        tmp_path / "images.json",
        document("a.jpg", f"/app/{places[0]}", predicted_class="Aves", user_id={"$oid": "64a0"}, upload_date=date),
        document("b.jpg", places[1], predicted_class="Plantae", corrected_class="Fungi", user_id="bob@example.org"),
        document("c.jpg", f"C:\\bio\\{places[2]}", predicted_class="Aves", user="bob", drift_flag=True),
        document("d.jpg", "organized_images/Aves/d.jpg", predicted_class="Aves", user="bob"),
        document("e.jpg", "uploads/e.jpg", predicted_class="Aves", user="ann"),
    )
    return tmp_path


def document(filename: str, image_path: str, **fields: object) -> Json:
    return {"_id": {"$oid": f"65{filename}"}, "filename": filename, "image_path": image_path, **fields}


def write(path: Path, *documents: Json) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in documents))


def read(services: Services, dump: Path) -> Json:
    return mongo.read(services, user=OPERATOR, name="bio", dump=dump)


def by_name(services: Services, project: Project) -> dict[str, Image]:
    with services.db.connect() as db:
        return {image.name: image for image in images.stream(db, project.id)}


def test_every_document_is_accounted_for(services: Services, bio: Project, dump: Path) -> None:
    found = read(services, dump)
    assert (found["documents"], found["stored"], found["duplicate"], found["failed"]) == (5, 3, 1, 1)
    assert (found["missing"], found["corrected"], found["users_added"]) == (1, 2, 2)
    assert found["failures"] == [{"path": "organized_images/Aves/d.jpg", "reason": "its file is missing."}]


def test_a_correction_stays_the_word_of_the_user_who_made_it(services: Services, bio: Project, dump: Path) -> None:
    read(services, dump)
    image = by_name(services, bio)["b.jpg"]
    with services.db.connect() as db:
        bob = users.by_email(db, "bob@example.org")
        said = images.labels_of(db, image.id)
    assert bob
    assert (image.label, image.verified, image.labelled_by) == ("Fungi", True, bob[0].id)
    assert [(label.value, label.by) for label in said] == [("Fungi", bob[0].id)]


def test_a_file_moved_to_another_class_folder_was_corrected(services: Services, bio: Project, dump: Path) -> None:
    read(services, dump)
    assert by_name(services, bio)["c.jpg"].label == "Insecta"


def test_what_only_the_model_said_is_kept_but_is_no_label(services: Services, bio: Project, dump: Path) -> None:
    read(services, dump)
    image = by_name(services, bio)["a.jpg"]
    assert image.label is None
    assert image.meta["biosight"]["predicted"] == "Aves"
    assert image.created_at == 1743501600.0
    assert image.source == "biosight"
    assert by_name(services, bio)["c.jpg"].meta["biosight"]["drift"] is True


def test_old_passwords_open_nothing(services: Services, bio: Project, dump: Path) -> None:
    read(services, dump)
    with pytest.raises(Unauthenticated):
        accounts.login(services, email="ann@example.org", password=HASH, address="")
    with services.db.connect() as db:
        found = users.by_email(db, "ann@example.org")
    assert found
    assert HASH not in found[1]


def test_reading_the_dump_again_adds_nothing(services: Services, bio: Project, dump: Path) -> None:
    read(services, dump)
    again = read(services, dump)
    assert (again["stored"], again["users_added"]) == (0, 0)
    assert len(by_name(services, bio)) == 3


def test_a_class_only_people_used_is_added(services: Services, bio: Project, dump: Path, picture: Picture) -> None:
    (dump / "f.jpg").write_bytes(picture("red", seed=9))
    write(dump / "images.json", document("f.jpg", "f.jpg", predicted_class="Aves", corrected_class="Bacteria"))
    assert read(services, dump)["classes_added"] == ["Bacteria"]
    assert by_name(services, bio)["f.jpg"].label == "Bacteria"


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/shadow", "organized_images/../../secret.jpg"])
def test_a_documents_path_reaches_no_file_outside(services: Services, bio: Project, dump: Path, path: str) -> None:
    write(dump / "images.json", document("x.jpg", path, predicted_class="Aves"))
    assert read(services, dump)["missing"] == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ({"$date": "1970-01-01T00:01:00Z"}, 60.0),
        ({"$date": {"$numberLong": "1743501600000"}}, 1743501600.0),
        ("1970-01-01T00:01:00", 60.0),
        ("yesterday", None),
    ],
)
def test_dates_are_read_in_every_form_mongoexport_writes(tmp_path: Path, value: object, seconds: float | None) -> None:
    write(tmp_path / "images.json", document("x.jpg", "x.jpg", upload_date=value))
    (found,), _ = mongo_dump.pictures(tmp_path / "images.json")
    assert found.uploaded_at == seconds


def test_lines_that_are_no_documents_are_listed(tmp_path: Path) -> None:
    (tmp_path / "images.json").write_text('nonsense\n{"_id": 1}\n[1]\n')
    found, skipped = mongo_dump.pictures(tmp_path / "images.json")
    assert found == []
    assert [skip.reason for skip in skipped] == ["not a JSON object.", "it names no file.", "not a JSON object."]


def test_a_json_array_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "images.json").write_text(json.dumps([document("x.jpg", "x.jpg")]))
    assert len(mongo_dump.pictures(tmp_path / "images.json")[0]) == 1


def test_what_is_no_dump_says_so(services: Services, bio: Project, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        read(services, tmp_path)
    (tmp_path / "images.json").write_text("[{]")
    with pytest.raises(Rejected):
        read(services, tmp_path)
