"""Pictures are answered, described, and judged by the project."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop.core.entities import Image, Job, Project
from sightloop.flows import answer, correct, library, projects, upload
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs

Picture = Callable[..., bytes]
Kept = Callable[..., Image]


def test_a_picture_is_answered_and_its_facts_are_known(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, kept: Kept
) -> None:
    model(project)
    image = kept(picture("green"))
    assert (image.status, image.predicted, image.shown) == ("ready", "green", "green")
    assert image.pixel_hash
    assert image.side in ("train", "calibration", "test")
    assert sum(library.show(services, user=OPERATOR, image_id=image.id)["prediction"]["probabilities"].values()) == (
        pytest.approx(1)
    )


def test_below_the_floor_the_answer_is_unknown_and_the_model_s_word_is_kept(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, kept: Kept
) -> None:
    model(project, sharpness=0.1)
    image = kept(picture("green"))
    assert (image.predicted, image.shown) == ("green", "unknown")


def test_without_a_model_a_picture_is_kept_and_described(services: Services, picture: Picture, kept: Kept) -> None:
    image = kept(picture())
    assert (image.status, image.predicted, image.phash is not None) == ("ready", None, True)


def test_a_picture_whose_pixels_are_damaged_is_listed_with_its_reason(
    services: Services, picture: Picture, kept: Kept
) -> None:
    whole = picture(width=640, height=480)
    image = kept(whole[: len(whole) // 2])
    assert image.status == "unreadable"
    assert image.reason


def test_a_new_floor_moves_pictures_between_tabs_and_touches_no_label(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, kept: Kept
) -> None:
    model(project, sharpness=1.0)
    first, second = kept(picture("red")), kept(picture("blue"))
    correct.correct(services, user=OPERATOR, image_id=second.id, value="green")
    projects.update(services, user=OPERATOR, name="paint", floor=0.99)
    counts = library.counts(services, user=OPERATOR, project="paint")
    assert (counts.get("unknown"), counts.get("green")) == (1, 1)
    projects.update(services, user=OPERATOR, name="paint", floor=0.1)
    assert library.show(services, user=OPERATOR, image_id=first.id)["shown"] == "red"


def test_the_job_step_answers_all_that_is_pending(
    services: Services, project: Project, picture: Picture, incoming: Callable[..., upload.Incoming],
    run_job: Callable[[Job], Job], model: Callable[..., int],
) -> None:  # fmt: skip
    model(project)
    files = [incoming(picture(colour, seed=seed)) for colour in ("red", "blue") for seed in range(3)]
    upload.keep(services, user=OPERATOR, project="paint", incoming=files)
    with services.db.begin() as db:
        job = jobs.enqueue(
            db, kind="score", steps=("score",), params={}, project_id=project.id, created_by=None, heavy=False
        )
    assert run_job(job).context == {"scored": 6}
    assert library.counts(services, user=OPERATOR, project="paint") == {"blue": 3, "red": 3, "trash": 0}


def test_a_rescore_replaces_answers_and_never_a_human_word(
    services: Services, project: Project, picture: Picture, kept: Kept, run_job: Callable[[Job], Job],
    model: Callable[..., int],
) -> None:  # fmt: skip
    model(project, sharpness=0.1)
    image = kept(picture("red"))
    corrected = correct.correct(services, user=OPERATOR, image_id=kept(picture("blue")).id, value="green")
    model(project)
    with services.db.begin() as db:
        job = jobs.enqueue(
            db, kind="rescore", steps=("rescore",), params={}, project_id=project.id, created_by=None, heavy=False
        )
    assert run_job(job).state == "done"
    assert library.show(services, user=OPERATOR, image_id=image.id)["shown"] == "red"
    after = library.show(services, user=OPERATOR, image_id=corrected.id)
    assert (after["shown"], after["predicted"], after["label"]) == ("green", "blue", "green")


def test_what_was_answered_too_late_stays_pending(
    services: Services, project: Project, picture: Picture, incoming: Callable[..., upload.Incoming]
) -> None:
    [outcome] = upload.keep(services, user=OPERATOR, project="paint", incoming=[incoming(picture())])
    assert outcome.image
    services.runtime.close()
    [image] = answer.score(services, project_id=project.id, image_ids=[outcome.image.id], timeout=0.01)
    assert image.status == "pending"
