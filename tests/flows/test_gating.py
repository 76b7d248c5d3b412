"""The gate: what it judges by, when it lets a version live, and what the log keeps of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.core.errors import Conflict, GateRefused, Rejected
from sightloop.flows import gating, models, projects, promoting
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import changes, gates, jobs, loop_tables, outcomes, versions
from tests import tiny_masks
from tests.flows import drawn, labelled
from tests.store import builders

N = 60
Model = Callable[..., int]


@pytest.fixture
def frozen(services: Services, project: Project) -> list[Image]:
    """Labelled pictures of the test side, half of them red."""
    return [labelled.add(services, project, n, label="red" if n % 2 else "blue", side="test") for n in range(N)]


@pytest.fixture
def two(services: Services, project: Project, model: Model) -> tuple[ModelVersion, ModelVersion]:
    """The live version and another one."""
    model(project)
    model(project, live=False, sharpness=1.0)
    with services.db.connect() as db:
        return versions.get(db, project.id, 1), versions.get(db, project.id, 2)


def say(services: Services, version: ModelVersion, pictures: list[Image], *, wrong: int) -> None:
    """The version is wrong of the first `wrong` pictures, and as sure as it is right."""
    sure = max(0.5, 1 - wrong / len(pictures))
    said = [
        builders.prediction(
            one,
            predicted="green" if n < wrong else str(one.label),
            confidence=sure,
            version_id=version.id,
        )
        for n, one in enumerate(pictures)
    ]
    with services.db.begin() as db:
        outcomes.keep(db, said)


def promote(services: Services, **asked: Any) -> Json:
    done = models.promote(services, user=OPERATOR, name="paint", ref="2", **asked)
    return {"action": done.action, "reason": done.reason, "detail": done.detail}


def champion(services: Services) -> Any:
    """The number of the live version."""
    listed = models.listing(services, user=OPERATOR, name="paint")
    return next(row["number"] for row in listed if row["alias"] == "champion")


def show(services: Services, ref: str = "2") -> Json:
    return gating.show(services, user=OPERATOR, name="paint", ref=ref)


def trained(services: Services, project: Project, version: ModelVersion, **params: Any) -> Json | None:
    """What the last step of a training that made `version` finds."""
    with services.db.begin() as db:
        job = jobs.enqueue(db, kind="train", steps=("gate",), params=params, project_id=project.id)
    found: Json | None = promoting.gate(services, replace(job, context={"version_id": version.id}), lambda _: None)[
        "gate"
    ]
    return found


@pytest.fixture
def better(
    services: Services, frozen: list[Image], two: tuple[ModelVersion, ModelVersion]
) -> tuple[ModelVersion, ModelVersion]:
    """The live version is wrong of twenty pictures, the other one of none."""
    for version, wrong in zip(two, (20, 0), strict=True):
        say(services, version, frozen, wrong=wrong)
    return two


@pytest.fixture
def alike(
    services: Services, frozen: list[Image], two: tuple[ModelVersion, ModelVersion]
) -> tuple[ModelVersion, ModelVersion]:
    """Both are wrong of the same six pictures."""
    for version in two:
        say(services, version, frozen, wrong=6)
    return two


def test_a_better_version_goes_live_and_the_log_keeps_the_figures(
    services: Services, better: tuple[ModelVersion, ModelVersion]
) -> None:
    done = promote(services, reason="fewer mistakes")
    assert (done["action"], done["reason"], champion(services)) == ("promote", "fewer mistakes", 2)
    assert (done["detail"]["verdict"], done["detail"]["n"]) == ("promote", N)
    assert done["detail"]["gate"] == show(services)["id"]
    assert {rule["name"] for rule in done["detail"]["rules"]} >= {"frozen", "better", "classes", "calibration"}


def test_a_version_that_answers_alike_stays_out_and_the_missing_number_is_said(
    services: Services, alike: tuple[ModelVersion, ModelVersion]
) -> None:
    with pytest.raises(GateRefused, match=r"version 2 is not shown to be better.*100 are needed"):
        promote(services)
    found = show(services)
    assert (found["verdict"], found["needed"], champion(services)) == ("undecided", 100, 1)


def test_a_worse_version_is_refused(
    services: Services, frozen: list[Image], two: tuple[ModelVersion, ModelVersion]
) -> None:
    for version, wrong in zip(two, (0, 20), strict=True):
        say(services, version, frozen, wrong=wrong)
    with pytest.raises(GateRefused, match="Worse than the live model"):
        promote(services)
    assert show(services)["verdict"] == "refuse"


def test_a_reason_overrules_the_gate_and_the_log_says_so(
    services: Services, alike: tuple[ModelVersion, ModelVersion]
) -> None:
    done = promote(services, reason="it is smaller", force=True)
    assert (done["action"], done["detail"]["verdict"], champion(services)) == ("force", "undecided", 2)


def test_nothing_is_forced_without_a_reason(services: Services, alike: tuple[ModelVersion, ModelVersion]) -> None:
    with pytest.raises(Rejected, match="needs a reason"):
        promote(services, reason=" ", force=True)
    assert champion(services) == 1


def test_a_force_that_was_not_needed_is_a_promotion(
    services: Services, better: tuple[ModelVersion, ModelVersion]
) -> None:
    assert promote(services, reason="now", force=True)["action"] == "promote"


def test_a_version_that_nobody_asked_is_not_judged_in_a_request(
    services: Services, frozen: list[Image], two: tuple[ModelVersion, ModelVersion]
) -> None:
    say(services, two[0], frozen, wrong=0)
    with pytest.raises(GateRefused, match="has not been judged yet") as refused:
        promote(services)
    assert "sightloop models gate paint 2" in refused.value.hint
    assert "verdict" not in show(services)


def test_without_any_labelled_picture_of_the_test_side_it_cannot_be_told(
    services: Services, two: tuple[ModelVersion, ModelVersion]
) -> None:
    with pytest.raises(GateRefused, match="No frozen picture"):
        promote(services)
    found = show(services)
    assert (found["verdict"], found["n"], found["needed"]) == ("undecided", 0, 100)


def test_going_back_never_asks_the_gate(services: Services, better: tuple[ModelVersion, ModelVersion]) -> None:
    promote(services)
    assert models.rollback(services, user=OPERATOR, name="paint").action == "rollback"
    assert champion(services) == 1


def test_the_same_labels_are_judged_once_and_others_anew(
    services: Services, frozen: list[Image], alike: tuple[ModelVersion, ModelVersion]
) -> None:
    seen = []
    for _ in range(2):
        with pytest.raises(GateRefused):
            promote(services)
        seen.append(show(services)["id"])
    labelled.relabel(services, frozen[0], "green")
    with pytest.raises(GateRefused):
        promote(services)
    assert seen[0] == seen[1] != show(services)["id"]


def test_pictures_that_taught_one_of_them_do_not_judge(
    services: Services, project: Project, frozen: list[Image], better: tuple[ModelVersion, ModelVersion]
) -> None:
    moved = [labelled.add(services, project, f"moved {word}", label=word, side="train") for word in ("red", "blue")]
    snapshot_id = labelled.freeze(services, project)["snapshot_id"]
    learnt = labelled.version(services, project, snapshot_id=snapshot_id, live=False)
    with services.db.begin() as db:
        changes.save(db, [changes.Change(one, replace(one, side="test"), "") for one in moved])
    for version, wrong in ((better[0], 20), (better[1], 0), (learnt, 0)):
        say(services, version, [*frozen, *moved], wrong=wrong)
    seen = [gating.against(services, project, version, better[0]) for version in (better[1], learnt)]
    assert [found and found["n"] for found in seen] == [N + 2, N]


def test_recent_pictures_that_were_drawn_to_judge_decide_too(
    services: Services, project: Project, frozen: list[Image], alike: tuple[ModelVersion, ModelVersion]
) -> None:
    recent = [labelled.add(services, project, f"late {n}", label="red") for n in range(110)]
    row = {"project_id": project.id, "kind": "random", "judges": True, "answered_at": 3.0}
    at = alike[0].created_at + 1
    with services.db.begin() as db:
        wanted = [{**row, "image_id": one.id, "at": at if n < 100 else at - 2} for n, one in enumerate(recent)]
        db.execute(insert(loop_tables.wanted), wanted)
    for version, wrong in zip(alike, (30, 5), strict=True):
        say(services, version, recent, wrong=wrong)
    found = gating.against(services, project, alike[1], alike[0])
    assert found is not None
    assert found["recent"] == 100  # those asked for before the live version was made are left out
    [rule] = [one for one in found["rules"] if one["name"] == "better"]
    assert (rule["passed"], rule["figures"]["won"], rule["figures"]["lost"]) == (True, 25, 0)


def test_a_verdict_that_was_asked_for_asks_both_versions_and_puts_nothing_live(
    services: Services,
    two: tuple[ModelVersion, ModelVersion],
    kept: Callable[..., Image],
    picture: Callable[..., bytes],
    run_job: Callable[[Job], Job],
) -> None:
    for seed in range(12):
        labelled.relabel(services, kept(picture("red", seed=seed)), "red")
    job = run_job(gating.start(services, user=OPERATOR, name="paint", ref="2"))
    assert job.state == "done", job.error
    found = show(services)
    assert found["n"] > 0
    assert found["unanswered"] == {"live": 0, "version": 0}
    assert job.context["gate"] == {
        "id": found["id"],
        "verdict": "undecided",
        "sentence": found["sentence"],
        "promoted": False,
    }
    assert champion(services) == 1


def test_the_live_version_is_not_judged_against_itself(
    services: Services, two: tuple[ModelVersion, ModelVersion]
) -> None:
    with pytest.raises(Conflict, match="version 1 is live already"):
        gating.start(services, user=OPERATOR, name="paint", ref="champion")


def test_behind_a_training_what_is_better_goes_live_by_itself_and_once(
    services: Services, project: Project, better: tuple[ModelVersion, ModelVersion]
) -> None:
    found = trained(services, project, better[1])
    assert found is not None
    assert (found["verdict"], found["promoted"], champion(services)) == ("promote", True, 2)
    assert trained(services, project, better[1]) == found  # the step again, after a crash
    [last, *_] = models.log(services, user=OPERATOR, name="paint")
    assert (last.action, last.by, last.reason) == ("promote", None, found["sentence"])
    assert last.detail is not None
    assert last.detail["gate"] == found["id"]
    assert show(services)["live"] == 1  # of the live version: the verdict that it had


def test_behind_a_training_what_is_not_shown_to_be_better_waits(
    services: Services, project: Project, alike: tuple[ModelVersion, ModelVersion]
) -> None:
    found = trained(services, project, alike[1])
    assert found is not None
    assert (found["verdict"], found["promoted"], champion(services)) == ("undecided", False, 1)


def test_a_project_may_keep_promotions_for_people(
    services: Services, project: Project, better: tuple[ModelVersion, ModelVersion]
) -> None:
    projects.update(services, user=OPERATOR, name="paint", settings={promoting.AUTOMATIC: False})
    found = trained(services, project, better[1])
    assert found is not None
    assert (found["verdict"], found["promoted"], champion(services)) == ("promote", False, 1)


@pytest.mark.parametrize("settings", [{promoting.AUTOMATIC: False}, {"rollout": "shadow"}])
def test_what_a_project_wants_when_the_verdict_is_there_counts_not_what_it_wanted_before(
    services: Services, project: Project, better: tuple[ModelVersion, ModelVersion], settings: Json
) -> None:
    clock = services.clock

    def meanwhile() -> float:
        """Time, and with it somebody who changes the project while it is judged."""
        projects.update(services, user=OPERATOR, name="paint", settings=settings)
        return clock()

    found = trained(replace(services, clock=meanwhile), project, better[1])
    assert found is not None
    assert (found["verdict"], found["promoted"], champion(services)) == ("promote", False, 1)


def test_what_was_judged_against_a_version_that_is_live_no_more_stays_out(
    services: Services, project: Project, model: Model, better: tuple[ModelVersion, ModelVersion]
) -> None:
    clock, third = services.clock, str(model(project, live=False, sharpness=3.0))

    def meanwhile() -> float:
        """Time, and with it somebody who puts a third version live while the second is judged."""
        if champion(services) == 1:
            models.promote(services, user=OPERATOR, name="paint", ref=third, reason="now", force=True)
        return clock()

    found = trained(replace(services, clock=meanwhile), project, better[1])
    assert found is not None
    assert (found["verdict"], found["promoted"], champion(services)) == ("promote", False, 3)


def test_a_member_of_a_cascade_that_learnt_on_does_not_take_the_cascades_place(
    services: Services, project: Project, better: tuple[ModelVersion, ModelVersion]
) -> None:
    found = trained(services, project, better[1], then="certify")
    assert found is not None
    assert (found["verdict"], found["promoted"], champion(services)) == ("promote", False, 1)


def test_a_projects_first_version_is_not_judged(services: Services, project: Project, model: Model) -> None:
    model(project)
    with services.db.connect() as db:
        first = versions.get(db, project.id, 1)
    assert trained(services, project, first) is None


def test_a_promotion_after_which_another_one_is_live_is_not_made(
    services: Services, project: Project, model: Model, better: tuple[ModelVersion, ModelVersion]
) -> None:
    model(project, live=False, sharpness=3.0)
    with services.db.connect() as db:
        stale = replace(project, live_version_id=better[0].id)
        third = versions.get(db, project.id, 3)
    promote(services)
    with pytest.raises(Conflict, match="meanwhile"):
        models._go_live(services, stale, third, user=OPERATOR, action="force", reason="test")
    assert champion(services) == 2


def test_the_margin_is_the_projects_own_and_has_to_fit(
    services: Services, project: Project, alike: tuple[ModelVersion, ModelVersion]
) -> None:
    changed = projects.update(services, user=OPERATOR, name="paint", settings={"margin": 0.2})
    found = gating.against(services, changed, alike[1], alike[0])
    assert found is not None
    assert found["margin"] == 0.2
    for margin in (0, 0.5, "1"):
        with pytest.raises(Rejected, match="margin"):
            projects.update(services, user=OPERATOR, name="paint", settings={"margin": margin})


def test_every_verdict_is_kept_and_the_newest_is_told(
    services: Services, project: Project, two: tuple[ModelVersion, ModelVersion]
) -> None:
    live, version = two
    for verdict in ("undecided", "refuse"):
        with services.db.begin() as db:
            gates.add(db, project.id, version_id=version.id, live_id=live.id, report={"verdict": verdict})
    with services.db.connect() as db:
        newest = gates.newest(db, version.id, live_id=live.id)
        assert newest is not None
        assert newest["verdict"] == "refuse"
        assert gates.newest(db, version.id, live_id=version.id) is None


def test_masks_are_judged_by_their_dice_with_the_mask_of_now(services: Services, tmp_path: Path) -> None:
    cracks = tiny_masks.project(services)
    live, version = tiny_masks.adopt(services, tmp_path), tiny_masks.adopt(services, tmp_path, sharpness=3.0)
    pictures = [drawn.add(services, seed) for seed in range(4)]
    for one, dice in ((live, 0.5), (version, 0.9)):
        figures = [{"dice": dice, "mask": image.mask, "threshold": cracks.floor} for image in pictures]
        said = [
            builders.prediction(image, predicted="crack", version_id=one.id, figures=known)
            for image, known in zip(pictures, figures, strict=True)
        ]
        with services.db.begin() as db:
            outcomes.keep(db, said)
    found = gating.against(services, cracks, version, live)
    assert found is not None
    assert (found["n"], found["margin"], found["verdict"]) == (4, 0.01, "undecided")
    assert "+0.400 Dice on 4 frozen pictures" in found["rules"][0]["sentence"]
    drawn.redraw(services, pictures[0], drawn.truth(1))
    assert gating.against(services, cracks, version, live) == found  # until a job has asked both of the new mask
