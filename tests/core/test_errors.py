"""Tests of the error tree."""

from __future__ import annotations

import re

import pytest

from sightloop.core import errors
from sightloop.core.errors import BadImage, Conflict, Overloaded, Rejected, SightloopError, Throttled, Unavailable


def _below(kind: type[SightloopError]) -> set[type[SightloopError]]:
    return {kind}.union(*(_below(child) for child in kind.__subclasses__() if child.__module__ == errors.__name__))


def test_the_drawn_tree_names_every_error_and_no_other() -> None:
    drawn = set(re.findall(r"^(?:[│├└─ ]+)([A-Z]\w+)", errors.__doc__ or "", flags=re.MULTILINE))
    named = {kind.__name__ for kind in _below(SightloopError)}
    assert drawn | {"SightloopError"} == {name for name in named if not name.startswith("_")}


def test_every_error_says_what_it_means() -> None:
    assert all(kind.__doc__ for kind in _below(SightloopError))


def test_an_error_carries_its_sentence_and_its_hint() -> None:
    error = BadImage("5 bytes are not a picture.", hint="Send JPEG, PNG or WebP.")
    assert (str(error), error.message, error.hint) == (
        error.message,
        "5 bytes are not a picture.",
        "Send JPEG, PNG or WebP.",
    )


def test_a_bad_picture_is_a_refusal_of_the_request() -> None:
    assert issubclass(BadImage, Rejected)


@pytest.mark.parametrize("kind", [Throttled, Overloaded, Unavailable])
def test_errors_that_end_by_themselves_say_when(kind: type[Throttled | Overloaded | Unavailable]) -> None:
    assert kind("wait.").retry_after == 1
    assert kind("wait.", retry_after=9).retry_after == 9


def test_a_conflict_carries_the_value_that_won() -> None:
    assert Conflict("changed since.", current={"label": "cat"}).current == {"label": "cat"}
