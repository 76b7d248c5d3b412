"""The server's own figures: rates, quantiles, and an hour that does not grow."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from sightloop import telemetry
from sightloop.web import sampling
from sightloop.web.sampling import Sampler, figures, quantile

NOTHING = telemetry.Reading(0, 0, 0, (0,) * (len(telemetry.SECONDS) + 1), 0, 0, None)


def took(*seconds: float) -> list[float]:
    """Cumulative counts of requests that took so long."""
    bounds = [*telemetry.SECONDS, float("inf")]
    return [sum(one <= bound for one in seconds) for bound in bounds]


def test_rates_are_what_was_added_in_each_second() -> None:
    after = replace(NOTHING, requests=50, errors=5, predictions=100, queue=3)
    found = figures(NOTHING, after, seconds=5)
    assert (found["requests_per_second"], found["errors_per_second"], found["predictions_per_second"]) == (10, 1, 20)
    assert (found["queue"], found["memory"]) == (3, None)


def test_a_quantile_lies_in_the_bucket_of_its_request() -> None:
    counts = took(*[0.02] * 98, 4.0, 4.0)
    assert 0.01 < (quantile(0.5, counts) or 0) <= 0.025
    assert 2.5 < (quantile(0.99, counts) or 0) <= 5
    assert quantile(0.5, took()) is None
    assert quantile(0.5, took(600)) == telemetry.SECONDS[-1]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99, 1.0])
def test_a_quantile_of_equal_requests_never_leaves_their_bucket(share: float) -> None:
    assert 0.05 <= (quantile(share, took(*[0.06] * 7)) or 0) <= 0.1


def test_before_the_first_window_ended_there_are_no_rates_but_a_size() -> None:
    found = Sampler().now()
    assert found["requests_per_second"] is None
    assert found["queue"] is not None


def test_the_answer_times_shown_are_those_of_the_last_window_with_requests() -> None:
    sampler = Sampler()
    telemetry.observe_request("GET", "/sampled", 200, 0.3)
    sampler.sample()
    sampler.sample()
    assert [point.figures["p50"] is None for point in sampler.points()] == [False, True]
    assert 0.25 < (sampler.now()["p50"] or 0) <= 0.5
    assert sampler.now()["requests_per_second"] == 0


def test_only_the_last_hour_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "KEPT", 3)
    sampler = Sampler()
    for _ in range(5):
        sampler.sample()
    assert len(sampler.points()) == 3


def test_samples_are_taken_by_themselves_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "EVERY", 0.01)
    sampler = Sampler()
    with sampler.running():
        while len(sampler.points()) < 2:
            time.sleep(0.01)
    kept = len(sampler.points())
    time.sleep(0.05)
    assert len(sampler.points()) == kept
