"""Free JSON values as the API gives them."""

from __future__ import annotations

from sightloop.web.shapes import iso_times


def test_times_are_written_as_such_wherever_they_stand() -> None:
    said = {"at": 1.5e9, "points": [{"created_at": 1.5e9}]}
    assert iso_times(said) == {"at": "2017-07-14T02:40:00.000Z", "points": [{"created_at": "2017-07-14T02:40:00.000Z"}]}


def test_what_was_counted_or_measured_of_a_class_called_at_is_no_time() -> None:
    said = {"probabilities": {"at": 0.9, "cat": 0.1}, "counts": {"at": 12, "seen_at": 0}, "recall": {"seen_at": 1.0}}
    assert iso_times(said) == said
