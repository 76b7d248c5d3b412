"""The live model learns on: when enough came, when somebody insists, and masks by themselves where that is wished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop import families
from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.core.errors import Conflict, Forbidden, Rejected
from sightloop.flows import accounts, correct, policy, projects, retraining, teaching
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import jobs
from tests import tiny_masks
from tests.flows import labelled


@pytest.fixture
def live(services: Services, tmp_path: Path) -> ModelVersion:
    """A live version of a project that segments and wants three corrected masks."""
    tiny_masks.project(services)
    want(services, min_samples_for_retraining=3)
    return tiny_masks.adopt(services, tmp_path)


def want(services: Services, name: str = "cracks", **settings: Any) -> None:
    projects.update(services, user=OPERATOR, name=name, settings=settings)


def draw(services: Services, seed: int) -> Image:
    """A picture whose mask a human drew otherwise than the model."""
    image = tiny_masks.upload(services, seed)
    return correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(seed + 50)[1])


def told(services: Services) -> Json:
    return teaching.teaching(services, user=OPERATOR, project="cracks")


def start(services: Services, *, force: bool = False) -> Job:
    return retraining.start(services, user=OPERATOR, name="cracks", force=force)


def queued(services: Services, name: str = "cracks") -> list[Job]:
    project = project_for(services, user=OPERATOR, name=name, action="view")
    with services.db.connect() as db:
        return jobs.all(db, project_id=project.id, kinds=("train",))


def end(services: Services, job: Job, *, failed: bool) -> None:
    with services.db.begin() as db:
        held = jobs.claim(db, worker="test", job_id=job.id)
        assert held is not None
        if failed:
            jobs.fail(db, job.id, fence=held.fence, error="no room")
    if not failed:
        with services.db.begin() as db:
            for _ in range(len(held.steps) - 1):
                jobs.advance(db, job.id, fence=held.fence, context={})
            jobs.finish(db, job.id, fence=held.fence, context={})


def test_too_few_corrections_are_refused_with_the_gap_and_the_last_one_enables_it(
    services: Services, live: ModelVersion
) -> None:
    for seed in (1, 2):
        draw(services, seed)
    with pytest.raises(Conflict, match="2 of 3 corrected masks since version 1 learnt: 1 more are wanted"):
        start(services)
    draw(services, 3)
    assert told(services)["ready"]
    assert start(services).kind == "train"


def test_the_models_own_mask_taken_for_right_corrects_nothing(services: Services, live: ModelVersion) -> None:
    correct.verify(services, user=OPERATOR, image_id=tiny_masks.upload(services, 1).id)
    draw(services, 2)
    said = told(services)
    assert (said["new_since_live"], said["corrected_since_live"], said["ready"]) == (2, 1, False)


def test_it_can_be_insisted_on_but_not_out_of_nothing(services: Services, live: ModelVersion) -> None:
    with pytest.raises(Rejected, match="nothing to learn from"):
        start(services, force=True)
    while not told(services)["teach"]:
        draw(services, told(services)["labelled"])
    want(services, min_samples_for_retraining=100)
    assert start(services, force=True).params["family"] == live.family


def test_it_goes_on_from_the_live_weights_more_gently(services: Services, live: ModelVersion) -> None:
    project = project_for(services, user=OPERATOR, name="cracks", action="train")
    usual = families.params(live.family, {})
    family, params = retraining.plan(project, live)
    assert (family, params["weights"]) == ("attention_unet", "live")
    assert params["epochs"] == max(3, -(-usual.epochs // 3))
    assert params["lr"] == usual.lr / 2
    assert families.params(family, params) is not None


def test_what_went_on_once_does_not_grow_ever_more_timid() -> None:
    once = retraining.gentler({"weights": "auto", "epochs": 30, "lr": 0.01})
    assert once == {"weights": "live", "epochs": 10, "lr": 0.005}
    assert retraining.gentler(once) == once
    assert retraining.gentler({"weights": "none", "epochs": 4})["epochs"] == 3


def test_a_family_that_cannot_go_on_trains_as_it_did(services: Services, project: Project) -> None:
    version = labelled.version(services, project)
    family, params = retraining.plan(project, version)
    assert (family, params["weights"]) == ("linear", "auto")


def test_without_a_live_model_there_is_nothing_to_go_on_from(services: Services) -> None:
    tiny_masks.project(services)
    with pytest.raises(Rejected, match="no live model"):
        start(services)


def test_a_second_one_waits_for_the_first(services: Services, live: ModelVersion) -> None:
    enough(services)
    first = start(services)
    with pytest.raises(Conflict, match="queued already") as refused:
        start(services, force=True)
    assert refused.value.current == first.id


def test_reviewers_may_not_train(services: Services, live: ModelVersion) -> None:
    accounts.add_user(services, email="a@example.org", name="A", password="correct horse battery", role="admin")
    user = accounts.add_user(services, email="r@example.org", name="R", password="correct horse battery", role="viewer")
    projects.set_member(services, user=OPERATOR, name="cracks", email=user.email, role="reviewer")
    with pytest.raises(Forbidden):
        retraining.start(services, user=user, name="cracks")


def enough(services: Services) -> None:
    """Corrections until a training may begin."""
    for seed in range(1, 20):
        draw(services, seed)
        if told(services)["ready"]:
            return


def test_by_itself_it_learns_only_where_that_was_wished_and_only_once(services: Services, live: ModelVersion) -> None:
    enough(services)
    policy.start_due(services)
    assert queued(services) == []
    want(services, retrain_automatically=True)
    policy.start_due(services)
    policy.start_due(services)
    assert len(queued(services)) == 1


@pytest.mark.parametrize("failed", [True, False])
def test_by_itself_it_does_not_learn_the_same_again(services: Services, live: ModelVersion, failed: bool) -> None:
    enough(services)
    want(services, retrain_automatically=True, cool_down_days=0)
    policy.start_due(services)
    end(services, queued(services)[0], failed=failed)
    policy.start_due(services)
    assert len(queued(services)) == 1
    for seed in range(30, 31 if failed else 33):
        draw(services, seed)
    policy.start_due(services)
    assert len(queued(services)) == 2


def test_a_project_of_classes_has_the_same_button(
    services: Services, project: Project, model: Callable[..., int]
) -> None:
    for number, label in enumerate(("red", "blue")):
        labelled.add(services, project, number, label=label, side="train")
    model(project)
    want(services, "paint", min_samples_for_retraining=3)
    with pytest.raises(Conflict, match="2 of 3 new labels since version 1 learnt"):
        retraining.start(services, user=OPERATOR, name="paint")
    labelled.add(services, project, 3, label="red")
    said = teaching.teaching(services, user=OPERATOR, project="paint")
    assert (said["ready"], said["new_since_live"], said["wanted"]) == (True, 3, 3)
