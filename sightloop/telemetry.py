"""Prometheus metrics: every name, its help and its bounded labels in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES = 500  # label sets per metric that carries words people chose
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

REGISTRY = CollectorRegistry()
_process = ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

REQUESTS = Counter(
    "sightloop_http_requests_total", "Requests answered.", ["method", "route", "status"], registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "sightloop_http_request_duration_seconds",
    "Seconds from the first byte of a request to the last byte of its answer.",
    ["method", "route"],
    buckets=SECONDS,
    registry=REGISTRY,
)
UPLOADS = Counter(
    "sightloop_uploads_total", "Uploaded files by outcome (stored, duplicate, failed).", ["outcome"], registry=REGISTRY
)
PREDICTIONS = Counter(
    "sightloop_predictions_total",
    "Answers by project, class and route.",
    ["project", "label", "route"],
    registry=REGISTRY,
)
AUDITS = Counter(
    "sightloop_audits_total",
    "Answers of a cascade's fast member that the accurate one checked, by whether it agrees (yes, no).",
    ["agrees"],
    registry=REGISTRY,
)
INFERENCE_SECONDS = Histogram(
    "sightloop_inference_duration_seconds",
    "Seconds a picture spends in each stage (queue, decode, infer).",
    ["stage"],
    buckets=SECONDS,
    registry=REGISTRY,
)
QUEUE = Gauge("sightloop_inference_queue_images", "Pictures waiting for inference.", registry=REGISTRY)
MODELS = Gauge("sightloop_models_loaded", "Model versions in memory.", registry=REGISTRY)
SWAPS = Counter("sightloop_model_swaps_total", "Live models replaced while serving.", registry=REGISTRY)
JOBS = Gauge("sightloop_jobs", "Jobs by state.", ["state"], registry=REGISTRY)
DRIFT_P = Gauge("sightloop_drift_p", "p of the newest drift check of a project.", ["project"], registry=REGISTRY)
DRIFT_EFFECT = Gauge(
    "sightloop_drift_effect",
    "Effect (0 to 1) of the family of tests that says most in the newest drift check.",
    ["project"],
    registry=REGISTRY,
)
DRIFT_ALARM = Gauge(
    "sightloop_drift_alarm",
    "Whether the newest drift check raised an alarm (1) or not (0).",
    ["project"],
    registry=REGISTRY,
)
LIVE = "Share of a live model's answers that people call right, on pictures drawn at random where 30 are labelled"
LIVE_ACCURACY = Gauge(
    "sightloop_live_accuracy",
    f"{LIVE}, else on all verified ones that did not teach it.",
    ["project"],
    registry=REGISTRY,
)
LIVE_ACCURACY_LOW = Gauge(
    "sightloop_live_accuracy_low", "Lower end of its 95 % interval.", ["project"], registry=REGISTRY
)
LIVE_ACCURACY_HIGH = Gauge(
    "sightloop_live_accuracy_high", "Upper end of its 95 % interval.", ["project"], registry=REGISTRY
)

_words: set[tuple[str, str, str]] = set()


@dataclass(frozen=True)
class Reading:
    """What this process has counted since it began; `memory` in bytes, None where the system does not say.

    `errors` are answers with a status of 500 or more. `within` counts the requests that took at most each of `SECONDS`,
    and last all of them.
    """

    requests: float
    errors: float
    predictions: float
    within: tuple[float, ...]
    queue: float
    models: float
    memory: float | None


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is the template, never the path."""
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)


def count_upload(outcome: str) -> None:
    """Count one uploaded file."""
    UPLOADS.labels(outcome).inc()


def count_prediction(project: str, label: str, route: str) -> None:
    """Count one answer; past `MAX_SERIES` label sets, further ones are counted together as "other"."""
    words = (project, label, route)
    if words not in _words:
        if len(_words) >= MAX_SERIES:
            words = ("other", "other", "other")
        _words.add(words)
    PREDICTIONS.labels(*words).inc()


def count_audit(*, agrees: bool) -> None:
    """Count one answer of a fast member that was checked by the accurate one."""
    AUDITS.labels("yes" if agrees else "no").inc()


def observe_inference(stage: str, seconds: float) -> None:
    """Record the seconds of one picture in one stage."""
    INFERENCE_SECONDS.labels(stage).observe(seconds)


def set_queue(images: int) -> None:
    """Set how many pictures wait for inference."""
    QUEUE.set(images)


def set_models(versions: int) -> None:
    """Set how many model versions are in memory."""
    MODELS.set(versions)


def count_swap() -> None:
    """Count one live model replaced while serving."""
    SWAPS.inc()


def set_jobs(states: Mapping[str, int]) -> None:
    """Set how many jobs are in each state."""
    for state, count in states.items():
        JOBS.labels(state).set(count)


def set_drift(project: str, *, p: float, effect: float, alarm: bool) -> None:
    """Set what the newest drift check of a project found."""
    DRIFT_P.labels(project).set(p)
    DRIFT_EFFECT.labels(project).set(effect)
    DRIFT_ALARM.labels(project).set(float(alarm))


def set_live_accuracy(figures: Mapping[str, Mapping[str, float]]) -> None:
    """Set how often the live models are right: {project: {value, low, high}}, 0..1; the other projects' go away."""
    for name, gauge in (("value", LIVE_ACCURACY), ("low", LIVE_ACCURACY_LOW), ("high", LIVE_ACCURACY_HIGH)):
        gauge.clear()
        for project, figure in figures.items():
            gauge.labels(project).set(figure[name])


def render() -> bytes:
    """Everything in the Prometheus text format 0.0.4."""
    return generate_latest(REGISTRY)


def reading() -> Reading:
    """The figures of this moment, added up over their labels."""
    requests = list(_samples(REQUESTS, "_total"))
    within = dict.fromkeys([*map(float, SECONDS), float("inf")], 0.0)
    for sample in _samples(REQUEST_SECONDS, "_bucket"):
        within[float(sample.labels["le"])] += sample.value
    return Reading(
        requests=sum(sample.value for sample in requests),
        errors=sum(sample.value for sample in requests if sample.labels["status"] >= "500"),
        predictions=sum(sample.value for sample in _samples(PREDICTIONS, "_total")),
        within=tuple(within.values()),
        queue=sum(sample.value for sample in _samples(QUEUE, "")),
        models=sum(sample.value for sample in _samples(MODELS, "")),
        memory=next((sample.value for sample in _samples(_process, "process_resident_memory_bytes")), None),
    )


def _samples(metric: Collector, ending: str) -> Iterator[Sample]:
    """The samples whose names end so; "" where the metric has no others."""
    return (sample for family in metric.collect() for sample in family.samples if sample.name.endswith(ending))
