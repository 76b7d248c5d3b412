"""Tests of row names."""

from __future__ import annotations

import time

from sightloop.core.ids import ALPHABET, new_id


def test_an_id_is_26_characters_that_need_no_escaping() -> None:
    made = new_id()
    assert len(made) == 26
    assert set(made) <= set(ALPHABET)


def test_the_alphabet_sorts_like_its_values_and_leaves_out_look_alikes() -> None:
    assert len(ALPHABET) == 32
    assert list(ALPHABET) == sorted(ALPHABET)
    assert not set(ALPHABET) & set("ilou")


def test_ids_of_later_milliseconds_sort_later() -> None:
    made = []
    for _ in range(3):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)


def test_ten_thousand_ids_never_meet() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_an_id_tells_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    stamp = 0
    for letter in new_id():
        stamp = stamp << 5 | ALPHABET.index(letter)
    assert before <= stamp >> 80 <= time.time_ns() // 1_000_000
