"""Projects and their members."""

from __future__ import annotations

import pytest

from sightloop.core.entities import Project, User
from sightloop.core.errors import Conflict, Forbidden, Missing, Rejected
from sightloop.core.recipes import RECIPES
from sightloop.flows import accounts, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services


@pytest.fixture
def reviewer(services: Services) -> User:
    accounts.add_user(services, email="a@example.org", name="A", password="correct horse battery", role="admin")
    return accounts.add_user(
        services, email="r@example.org", name="R", password="correct horse battery", role="reviewer"
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_makes_a_project(services: Services, recipe: str) -> None:
    made = projects.create(services, user=OPERATOR, name="mine", recipe=recipe)
    assert (made.classes, made.floor) == (RECIPES[recipe].classes, 0.5)


def test_biosight_has_its_ten_classes() -> None:
    assert len(RECIPES["biosight"].classes) == 10


@pytest.mark.parametrize("name", ["", "Has Space", "ÜMLAUT", "-dash", "a/b", "x" * 64])
def test_a_name_that_does_not_fit_a_url_is_refused(services: Services, name: str) -> None:
    with pytest.raises(Rejected, match="does not fit"):
        projects.create(services, user=OPERATOR, name=name)


def test_a_name_is_given_once(services: Services, project: Project) -> None:
    with pytest.raises(Conflict, match="paint"):
        projects.create(services, user=OPERATOR, name="paint")


@pytest.mark.parametrize("classes", [("a", "a"), ("unknown",), ("",), ("x" * 101,), ("new\nline",)])
def test_classes_that_do_not_fit_are_refused(services: Services, classes: tuple[str, ...]) -> None:
    with pytest.raises(Rejected):
        projects.create(services, user=OPERATOR, name="mine", classes=classes)


def test_classes_can_be_added_and_never_vanish(services: Services, project: Project) -> None:
    grown = projects.update(services, user=OPERATOR, name="paint", classes=(*project.classes, "yellow"))
    assert grown.classes[-1] == "yellow"
    with pytest.raises(Rejected, match="'blue' would vanish"):
        projects.update(services, user=OPERATOR, name="paint", classes=("red", "green", "yellow"))


@pytest.mark.parametrize("ratios", ["abc", [1], [0.5, 0.5], [0.5, 0.5, "0"], [2, -1, 0], [float("nan"), 0, 0], 1])
def test_ratios_that_are_not_three_shares_are_refused(services: Services, project: Project, ratios: object) -> None:
    with pytest.raises(Rejected, match="ratios"):
        projects.update(services, user=OPERATOR, name="paint", settings={"ratios": ratios})


def test_grouping_by_site_is_on_or_off_and_nothing_else(services: Services, project: Project) -> None:
    with pytest.raises(Rejected, match="'no'"):
        projects.update(services, user=OPERATOR, name="paint", settings={"group_by_site": "no"})
    changed = projects.update(services, user=OPERATOR, name="paint", settings={"group_by_site": False})
    assert changed.settings["group_by_site"] is False


def test_of_two_changes_at_once_one_is_told(services: Services, project: Project) -> None:
    projects.update(services, user=OPERATOR, name="paint", revision=project.revision, title="One")
    with pytest.raises(Conflict):
        projects.update(services, user=OPERATOR, name="paint", revision=project.revision, title="Two")


def test_a_reviewer_may_not_create_projects(services: Services, reviewer: User) -> None:
    with pytest.raises(Forbidden, match="reviewer"):
        projects.create(services, user=reviewer, name="mine")


def test_a_member_sees_the_project_and_a_former_member_does_not(
    services: Services, project: Project, reviewer: User
) -> None:
    with pytest.raises(Missing):
        projects.show(services, user=reviewer, name="paint")
    projects.set_member(services, user=OPERATOR, name="paint", email="r@example.org", role="viewer")
    assert projects.show(services, user=reviewer, name="paint")["role"] == "viewer"
    projects.remove_member(services, user=OPERATOR, name="paint", user_id=reviewer.id)
    assert projects.listing(services, user=reviewer) == []


@pytest.mark.parametrize("name", ["trash_days", "min_samples_for_retraining"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "30", None, 10**7])
def test_days_and_counts_that_are_no_whole_numbers_in_range_are_refused(
    services: Services, project: Project, name: str, value: object
) -> None:
    with pytest.raises(Rejected, match=name):
        projects.update(services, user=OPERATOR, name="paint", settings={name: value})
    assert projects.update(services, user=OPERATOR, name="paint", settings={name: 90}).settings[name] == 90


def test_nothing_is_no_class_of_masks_but_may_be_one_of_pictures(services: Services) -> None:
    with pytest.raises(Rejected, match="'nothing' does not fit"):
        projects.create(services, user=OPERATOR, name="cracks", recipe="crack", classes=("crack", "nothing"))
    assert projects.create(services, user=OPERATOR, name="birds", classes=("bird", "nothing")).classes[1] == "nothing"
