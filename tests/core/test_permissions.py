"""Tests of who may do what."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.core.entities import Role
from sightloop.core.errors import Forbidden, Missing
from sightloop.core.permissions import NEEDED, RANKS, Action, allows, require

ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: tuple[Action, ...] = get_args(Action)


def test_every_action_has_a_role_and_every_role_a_rank() -> None:
    assert set(NEEDED) == set(ACTIONS)
    assert set(RANKS) == set(ROLES)


@given(st.sampled_from(ROLES), st.sampled_from(ROLES), st.sampled_from(ACTIONS))
def test_a_higher_role_may_do_all_that_a_lower_one_may(one: Role, two: Role, action: Action) -> None:
    low, high = sorted((one, two), key=lambda role: RANKS[role])
    assert allows(high, action) or not allows(low, action)


@given(st.sampled_from(ACTIONS))
def test_a_stranger_may_nothing_and_an_admin_everything(action: Action) -> None:
    assert not allows(None, action)
    assert allows("admin", action)


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        ("viewer", {"view", "export"}),
        ("reviewer", {"view", "export", "label", "upload"}),
        ("maintainer", {"view", "export", "label", "upload", "train", "promote", "manage"}),
    ],
)
def test_each_role_may_exactly_what_it_should(role: Role, actions: set[Action]) -> None:
    assert {action for action in ACTIONS if allows(role, action)} == actions


@given(st.sampled_from((None, *ROLES)), st.sampled_from(ACTIONS))
def test_require_raises_exactly_where_allows_says_no(role: Role | None, action: Action) -> None:
    try:
        require(role, action, what="project 'moths'")
    except (Missing, Forbidden):
        assert not allows(role, action)
    else:
        assert allows(role, action)


@given(st.sampled_from(ACTIONS))
def test_a_stranger_is_told_that_there_is_nothing(action: Action) -> None:
    with pytest.raises(Missing, match=r"^no project 'moths'\.$"):
        require(None, action, what="project 'moths'")


def test_a_role_too_low_is_told_which_one_is_needed() -> None:
    with pytest.raises(Forbidden, match="'viewer' may not train") as caught:
        require("viewer", "train", what="project 'moths'")
    assert "'maintainer'" in caught.value.hint
