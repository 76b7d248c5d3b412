"""What a training takes of new labels: their weight, one person's share, a second opinion, and no judge ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.core.entities import Image, Json, ModelVersion, Project, Role, User
from sightloop.flows import examples, manifests, projects, shares, snapshots, wanting
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, wanted
from sightloop.store import snapshots as rows
from sightloop.store import users as accounts
from tests.flows import labelled
from tests.store import builders


def frozen(services: Services, taken: Json) -> list[Json]:
    with services.db.connect() as db:
        return manifests.read(services, rows.get(db, taken["snapshot_id"]))


def weights(services: Services, taken: Json) -> dict[str, float]:
    """What the pictures on the training side weigh, by image id."""
    return {row["image_id"]: row.get("weight", 1.0) for row in frozen(services, taken) if row["side"] == "train"}


def want(services: Services, **settings: object) -> None:
    projects.update(services, user=OPERATOR, name="paint", settings=settings)


def person(services: Services, project: Project, name: str, role: Role = "reviewer") -> User:
    with services.db.begin() as db:
        user = builders.user(db, f"{name}@example.org", role="viewer")
    projects.set_member(services, user=OPERATOR, name=project.name, email=user.email, role=role)
    return user


def label(services: Services, image: Image, value: str, user: User | None) -> Image:
    with services.db.begin() as db:
        return images.relabel(db, image, value=value, action="correct", by=user.id if user else None)


@pytest.fixture
def live(services: Services, project: Project) -> ModelVersion:
    """A live version that learnt 60 pictures; 6 tune it and 6 judge it."""
    for number in range(72):
        side = "train" if number < 60 else "calibration" if number < 66 else "test"
        labelled.add(services, project, f"old {number}", label=["red", "blue"][number % 2], side=side)
    return labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])


def bring(
    services: Services, project: Project, count: int, *, name: str = "new", by: User | None = None
) -> list[Image]:
    """Pictures on the training side that somebody labelled red."""
    found = []
    for number in range(count):
        image = labelled.add(services, project, f"{name} {number}", label=None, side="train")
        found.append(label(services, image, "red", by))
    return found


def asked_of(services: Services, project: Project, version: ModelVersion, number: int, user: User | None) -> Image:
    """A picture that the model takes for red, and a person for green, its third guess."""
    image = labelled.add(services, project, f"asked {number}", label=None, side="train")
    said = builders.prediction(image, predicted="red", version_id=version.id)
    probabilities = {"red": 0.8, "blue": 0.15, "green": 0.05}
    with services.db.begin() as db:
        image = images.apply_prediction(db, image, replace(said, probabilities=probabilities), None)
    return label(services, image, "green", user)


def test_a_first_training_weighs_every_picture_alike(services: Services, live: ModelVersion) -> None:
    assert live.snapshot_id is not None
    assert set(weights(services, {"snapshot_id": live.snapshot_id}).values()) == {1.0}


def test_new_pictures_have_their_share_of_the_weight(services: Services, project: Project, live: ModelVersion) -> None:
    fresh = {image.id for image in bring(services, project, 10)}
    taken = labelled.freeze(services, project)
    found = weights(services, taken)
    assert {one for one, weight in found.items() if weight != 1} == fresh
    assert sum(found[one] for one in fresh) / sum(found.values()) == pytest.approx(0.3, abs=1e-3)
    assert taken["new"] == {"n": 10, "share": pytest.approx(0.3, abs=1e-3), "weight": found[min(fresh)]}
    assert snapshots.listing(services, user=OPERATOR, project="paint")[0]["new"] == taken["new"]


def test_no_new_picture_weighs_more_than_three_old_ones(
    services: Services, project: Project, live: ModelVersion
) -> None:
    [fresh] = bring(services, project, 1)
    assert weights(services, labelled.freeze(services, project))[fresh.id] == 3.0


def test_a_corrected_picture_is_new(services: Services, project: Project, live: ModelVersion) -> None:
    [old] = bring(services, project, 1)
    learnt = labelled.freeze(services, project)["snapshot_id"]
    labelled.version(services, project, snapshot_id=learnt)
    assert weights(services, labelled.freeze(services, project))[old.id] == 1.0
    label(services, old, "blue", None)
    assert weights(services, labelled.freeze(services, project))[old.id] == 3.0


def test_the_weight_reaches_the_family(services: Services, project: Project, live: ModelVersion) -> None:
    [fresh] = bring(services, project, 1)
    for content in ("new 0", *(f"old {number}" for number in range(72))):
        services.blobs.put(content.encode())
    with services.db.connect() as db:
        taken = rows.get(db, labelled.freeze(services, project)["snapshot_id"])
    data = examples.training_set(services, taken, project=project)
    assert {one.image_id: one.weight for one in data.train if one.weight != 1} == {fresh.id: 3.0}


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 1))
def test_new_pictures_never_outweigh_old_ones_but_where_an_old_one_would_weigh_above_three(
    old: int, new: int, share: float
) -> None:
    weight = shares.weight_of(old, new, share=share)
    assert 1 / 3 - 1e-4 <= weight <= 3
    if weight > 1 / 3 + 1e-4:
        assert weight * new / (weight * new + old) <= 0.5 + 1e-3


@given(st.lists(st.integers(1, 300), min_size=5, max_size=12), st.integers(0, 500))
def test_the_most_of_one_is_a_fifth_of_what_is_left_and_one_more_would_be_too_many(
    given_: list[int], rest: int
) -> None:
    limit = shares.most_of_one(given_, rest)
    left = rest + sum(min(one, limit) for one in given_)
    assert min(max(given_), limit) <= max(1, 0.2 * left)
    if limit < max(given_):
        more = rest + sum(min(one, limit + 1) for one in given_)
        assert limit + 1 > 0.2 * more


def test_one_person_of_five_gives_no_more_than_a_fifth(
    services: Services, project: Project, live: ModelVersion
) -> None:
    few = [person(services, project, f"few{number}") for number in range(4)]
    much, boss = person(services, project, "much"), person(services, project, "boss", "maintainer")
    for user in few:
        bring(services, project, 4, name=user.email, by=user)
    bring(services, project, 4, name="boss", by=boss)
    flood = {image.id for image in bring(services, project, 30, name="flood", by=much)}
    taken = labelled.freeze(services, project)
    kept = flood & weights(services, taken).keys()
    assert (len(kept), taken["held_back"]) == (5, {much.id: 25})
    assert any("25 new label(s) of Ann are held back" in one for one in taken["warnings"])
    assert flood & weights(services, labelled.freeze(services, project)).keys() == kept
    assert snapshots.listing(services, user=OPERATOR, project="paint")[0]["held_back"] == {"Ann": 25}


def test_among_four_contributors_nobody_is_held_back(services: Services, project: Project, live: ModelVersion) -> None:
    for number in range(4):
        user = person(services, project, f"user{number}")
        bring(services, project, 1 + 20 * number, name=user.email, by=user)
    assert labelled.freeze(services, project)["held_back"] == {}


def test_a_reviewers_correction_waits_until_somebody_says_the_same(
    services: Services, project: Project, live: ModelVersion
) -> None:
    ann, bob = person(services, project, "ann"), person(services, project, "bob")
    image = asked_of(services, project, live, 1, ann)
    assert image.id in weights(services, labelled.freeze(services, project))
    want(services, second_opinion=True)
    taken = labelled.freeze(services, project)
    assert image.id not in weights(services, taken)
    assert taken["waiting"] == {ann.id: 1}
    assert "1 correction(s) of Ann wait for a second opinion" in taken["warnings"]
    label(services, image, "blue", bob)
    label(services, image, "green", ann)
    assert image.id not in weights(services, labelled.freeze(services, project))
    label(services, image, "green", bob)
    assert image.id in weights(services, labelled.freeze(services, project))


def test_a_maintainers_word_and_the_models_second_guess_need_no_second_opinion(
    services: Services, project: Project, live: ModelVersion
) -> None:
    want(services, second_opinion=True)
    trusted = asked_of(services, project, live, 1, person(services, project, "boss", "maintainer"))
    operator = asked_of(services, project, live, 2, None)
    near = asked_of(services, project, live, 3, None)
    label(services, near, "blue", person(services, project, "ann"))
    assert {trusted.id, operator.id, near.id} <= weights(services, labelled.freeze(services, project)).keys()


def test_an_admin_outside_the_project_needs_no_second_opinion(
    services: Services, project: Project, live: ModelVersion
) -> None:
    want(services, second_opinion=True)
    with services.db.begin() as db:
        admin = accounts.set_role(db, builders.user(db, "root@example.org").id, role="admin")
    assert asked_of(services, project, live, 1, admin).id in weights(services, labelled.freeze(services, project))


def test_a_picture_that_judges_is_in_no_snapshot_and_the_others_that_were_asked_for_are(
    services: Services, project: Project, live: ModelVersion
) -> None:
    asked = [labelled.add(services, project, f"asked {number}", label=None) for number in range(40)]
    with services.db.begin() as db:
        wanting.ask(db, project, report_id=None, random=[image.id for image in asked], shifted=[])
        judges = wanted.judging(db, project.id)
    for image in asked:
        label(services, image, "red", None)
    found = {row["image_id"] for row in frozen(services, labelled.freeze(services, project))}
    assert 0 < len(judges) < 40
    assert not found & judges
    assert {image.id for image in asked} - judges <= found
