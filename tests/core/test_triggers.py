"""When a project learns again by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sightloop.core.triggers import Learnt, due

READY: dict[str, Any] = {"automatic": True, "ready": True, "wanted": 10, "last": None}


def test_it_is_queued_where_it_is_wished_and_enough_came() -> None:
    assert due(**READY)


@pytest.mark.parametrize("missing", ["automatic", "ready"])
def test_it_is_not_queued_where_nobody_asked_or_too_little_came(missing: str) -> None:
    assert not due(**{**READY, missing: False})


@pytest.mark.parametrize("state", ["queued", "running"])
def test_one_that_waits_or_runs_is_enough(state: Any) -> None:
    assert not due(**{**READY, "last": Learnt(state, new_since=1000)})


@pytest.mark.parametrize(("state", "enough"), [("done", 10), ("cancelled", 10), ("failed", 1)])
def test_the_same_labels_are_not_learnt_twice(state: Any, enough: int) -> None:
    last = Learnt(state, new_since=enough - 1)
    assert not due(**{**READY, "last": last})
    assert due(**{**READY, "last": replace(last, new_since=enough)})
