"""The export for a pipeline over HTTP: what the ZIP holds, and that what is had is not sent again."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project

EXPORT = "/api/v1/projects/paint/pipeline/export"


@pytest.fixture
def sent(admin: TestClient, paint: Project, picture: Callable[..., bytes]) -> str:
    """The hash of a picture that the project has."""
    data = picture()
    admin.post("/api/v1/projects/paint/images", files={"files": ("a.jpg", data, "image/jpeg")})
    return hashlib.sha256(data).hexdigest()


def names(admin: TestClient, have: list[str]) -> list[str]:
    answer = admin.post(EXPORT, json={"have": have})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_rows_and_pictures_are_sent_and_a_file_that_is_had_is_not(admin: TestClient, sent: str) -> None:
    first = names(admin, [])
    assert {"rows/images.jsonl", "rows/blobs.txt", f"blobs/{sent}"} <= set(first)
    again = names(admin, [sent])
    assert again == [name for name in first if name.startswith("rows/")]


def test_what_is_no_hash_is_refused(admin: TestClient, sent: str) -> None:
    assert admin.post(EXPORT, json={"have": ["../../etc/passwd"]}).status_code == 422
