"""Tell an MLflow server of runs, files and versions through its own client, without a retry and without chatter."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from sightloop.core.errors import Missing, Rejected, SightloopError, Unavailable
from sightloop.core.ports import TrackedFigure, TrackedRun

T = TypeVar("T")
REACH_SECONDS: Final = 3.0
KEY: Final = "sightloop.key"
ALIASES: Final = ("champion", "challenger", "previous")
STATES: Final = {"running": "RUNNING", "done": "FINISHED", "failed": "FAILED"}  # all others were ended: KILLED
MANNERS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # the mirror tries again itself, later and less often
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "GIT_PYTHON_REFRESH": "quiet",
}
UNKNOWN: Final = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
LOCKED: Final = {"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"}
REFUSALS: Final = {
    *("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "INVALID_STATE"),
    *("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS", "RESOURCE_CONFLICT", "RESOURCE_LIMIT_EXCEEDED"),
}
METRICS, OTHERS = 1000, 100  # how many of each one request may carry
WORDS = 300  # characters of an error that are worth keeping


class MLflow:
    """The tracker at `address`; MLflow's client is imported when something is told for the first time."""

    def __init__(self, address: str, *, token: str | None = None) -> None:
        self.address: str = address.rstrip("/")
        self._token = token

    def reach(self) -> None:
        """Ask the server for a sign of life; whoever answers at all, and does not say that it is broken, is alive."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            asked = Request(f"{self.address}/health", headers=headers)  # noqa: S310  the settings allow only http(s)
            with urlopen(asked, timeout=REACH_SECONDS):  # noqa: S310
                return
        except HTTPError as error:
            error.close()
            if error.code >= 500:
                raise self._silent(f"it says {error.code}") from error
        except (OSError, HTTPException) as error:
            raise self._silent(str(error)) from error

    def run(self, told: TrackedRun, *, remote: str | None) -> str:
        """Make the run, or find the one with its key, or bring the run `remote` up to date; returns MLflow's id."""
        with self._speaking() as client:
            from mlflow.entities import Param, RunTag

            if remote is None:
                remote = _found_or_made(client, told)
            else:
                client.update_run(remote, name=told.name)
            tags = [RunTag(name, value) for name, value in told.tags.items()]
            client.log_batch(remote, tags=tags[:OTHERS])
            for some in _pieces([Param(name, value) for name, value in told.params.items()], OTHERS):
                client.log_batch(remote, params=some)
        return remote

    def figures(self, remote: str, figures: Sequence[TrackedFigure]) -> None:
        """Log figures; the server keeps one of those that are equal in name, value, step and time."""
        with self._speaking() as client:
            from mlflow.entities import Metric

            for some in _pieces(figures, METRICS):
                metrics = [Metric(one.name, one.value, _milliseconds(one.at), one.step) for one in some]
                client.log_batch(remote, metrics=metrics)

    def files(self, remote: str, files: Mapping[str, Path]) -> None:
        """Store local files with a run under the given names; a file that is there already is replaced."""
        with tempfile.TemporaryDirectory() as folder, self._speaking() as client:
            for name, path in files.items():
                link = Path(folder, name)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.absolute())
            client.log_artifacts(remote, folder)

    def end(self, remote: str, *, state: str, at: float) -> None:
        """Say how a run ended, and when."""
        with self._speaking() as client:
            client.set_terminated(remote, STATES.get(state, "KILLED"), _milliseconds(at))

    def version(self, model: str, *, remote: str, tags: Mapping[str, str]) -> str:
        """List a run's files as a version of the registered model `model`; returns MLflow's number of it."""
        with self._speaking() as client:
            if not client.search_registered_models(f"name = '{model}'"):
                client.create_registered_model(model)
            for known in client.search_model_versions(f"name = '{model}' and run_id = '{remote}'"):
                return str(known.version)
            source = client.get_run(remote).info.artifact_uri
            made = client.create_model_version(model, source, run_id=remote, tags=dict(tags), await_creation_for=0)
            return str(made.version)

    def aliases(self, model: str, wanted: Mapping[str, str]) -> None:
        """Let champion, challenger and previous name these versions; what is not wanted names none."""
        with self._speaking() as client:
            there = client.get_registered_model(model).aliases
            for alias in ALIASES:
                if alias in wanted and there.get(alias) != wanted[alias]:
                    client.set_registered_model_alias(model, alias, wanted[alias])
                elif alias in there and alias not in wanted:
                    client.delete_registered_model_alias(model, alias)

    @cached_property
    def _client(self) -> Any:
        for name, value in MANNERS.items():
            os.environ.setdefault(name, value)
        if self._token:
            os.environ["MLFLOW_TRACKING_TOKEN"] = self._token
        try:
            from mlflow import MlflowClient
        except ModuleNotFoundError as error:
            raise Unavailable(f"the mirror needs {error.name!r}.", hint='Install "sightloop[mlflow]".') from error
        return MlflowClient(self.address, self.address)

    @contextmanager
    def _speaking(self) -> Iterator[Any]:
        client = self._client
        from mlflow.exceptions import MlflowException

        try:
            yield client
        except MlflowException as error:
            raise self._in_our_words(error.error_code, str(error)) from error
        except FileNotFoundError as error:
            raise Rejected(f"a file to be sent is gone: {error.filename!r}.") from error
        except OSError as error:  # files go through requests, whose errors are of this kind
            code = getattr(getattr(error, "response", None), "status_code", 0)
            said = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 400: "BAD_REQUEST", 413: "BAD_REQUEST"}
            raise self._in_our_words(said.get(code, ""), str(error)) from error

    def _in_our_words(self, code: str, said: str) -> SightloopError:
        short = said[:WORDS]
        if code in UNKNOWN:
            return Missing(f"MLflow does not know it: {short}")
        if code in REFUSALS:
            return Rejected(f"MLflow refused it: {short}")
        if code in LOCKED:
            return Unavailable(f"MLflow does not let us in: {short}", hint="Set SIGHTLOOP_MLFLOW_TOKEN.")
        return self._silent(short)

    def _silent(self, why: str) -> Unavailable:
        hint = "Nothing is lost: what it missed is sent when it is there again."
        return Unavailable(f"MLflow at {self.address} does not answer: {why}.", hint=hint)


def _found_or_made(client: Any, told: TrackedRun) -> str:
    experiment = _experiment(client, told.experiment)
    for known in client.search_runs([experiment], f"tags.`{KEY}` = '{told.key}'", max_results=1):
        return str(known.info.run_id)
    tags = {KEY: told.key, **({"mlflow.parentRunId": told.parent} if told.parent else {})}
    made = client.create_run(experiment, start_time=_milliseconds(told.started_at), tags=tags, run_name=told.name)
    return str(made.info.run_id)


def _experiment(client: Any, name: str) -> str:
    known = client.get_experiment_by_name(name)
    if known is None:
        return str(client.create_experiment(name))
    if known.lifecycle_stage != "active":
        hint = "Restore it there, then `sightloop mirror --again`."
        raise Rejected(f"MLflow's experiment {name!r} was deleted.", hint=hint)
    return str(known.experiment_id)


def _milliseconds(at: float) -> int:
    return round(at * 1000)


def _pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
