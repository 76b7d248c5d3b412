"""Fetch a project's export from a server, with a maintainer's token."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from sightloop.core.errors import BadArchive, Rejected, Unavailable

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from sightloop.core.entities import Json
    from sightloop.flows.pipeline_place import Place

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECONDS = 600.0
ROW = re.compile(r"rows/([a-z_]+\.(?:jsonl|txt))")
BLOB = re.compile(r"blobs/([0-9a-f]{64})")


def fetch(server: str, *, project: str, token_file: Path, place: Place) -> Json:
    """Bring the export up to what the server has; only files that are not here yet are sent.

    Returns {project, pictures, files, copied}.

    Raises:
        Rejected: no token, or one would be sent unencrypted; the server refused, with what it said.
        Unavailable: the server cannot be reached.
        BadArchive: its answer is no such ZIP.
    """
    from sightloop.flows import pipeline_export

    place.blobs.mkdir(parents=True, exist_ok=True)
    have = sorted(path.name for path in place.blobs.glob("??/*") if BLOB.fullmatch(f"blobs/{path.name}"))
    request = _request(server, project=project, token=_token(token_file), body={"have": have})
    with tempfile.TemporaryDirectory(dir=place.rows.parent) as folder:
        draft = Path(folder)
        with _answer(request) as answer, (draft / "answer.zip").open("wb") as file:
            shutil.copyfileobj(answer, file)
        copied = _unpack(draft / "answer.zip", draft, place)
        return pipeline_export.settle(place, draft / "rows") | {"project": project, "copied": copied}


def _request(server: str, *, project: str, token: str, body: Json) -> urllib.request.Request:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Rejected(f"{server!r} is not the address of a server.", hint="For example https://sightloop.example.org.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise Rejected(f"the token would go to {parts.hostname} unencrypted.", hint="Use https://.")
    url = f"{server.rstrip('/')}/api/v1/projects/{quote(project, safe='')}/pipeline/export"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers, method="POST")  # noqa: S310


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would take the token along."""

    def redirect_request(self, *_: object) -> None:
        return None


def _answer(request: urllib.request.Request) -> HTTPResponse:
    try:
        found: HTTPResponse = urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        raise Rejected(f"the server answered {error.code}: {_said(error)}") from error
    except OSError as error:
        raise Unavailable(f"the server cannot be reached: {error}.", hint="Is the address right?") from error
    return found


def _said(error: urllib.error.HTTPError) -> str:
    """The sentence of a problem, as far as the answer has one."""
    try:
        return str(json.loads(error.read(65_536)).get("detail") or error.reason)
    except (ValueError, AttributeError):
        return str(error.reason)


def _token(path: Path) -> str:
    try:
        found = path.read_text().strip()
    except OSError as error:
        raise Rejected(f"no token in {path}.", hint="sightloop token create, as a maintainer") from error
    if not found or "\n" in found:
        raise Rejected(f"{path} does not hold one token.")
    return found


def _unpack(path: Path, draft: Path, place: Place) -> int:
    """Lay the rows into `draft` and the files into the export; returns how many files came."""
    (draft / "rows").mkdir()
    came = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                target = _target(entry.filename, draft, place)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                came += entry.filename.startswith("blobs/")
    except (zipfile.BadZipFile, EOFError) as error:
        raise BadArchive("the server's answer broke off.", hint="Try again.") from error
    return came


def _target(name: str, draft: Path, place: Place) -> Path:
    if row := ROW.fullmatch(name):
        return draft / "rows" / row[1]
    if blob := BLOB.fullmatch(name):
        return place.blob(blob[1])
    raise BadArchive(f"the server's answer has {name!r}, which is neither a row nor a file.")
