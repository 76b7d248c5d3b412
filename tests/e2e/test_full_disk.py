"""A disk that is full refuses pictures with 507, half-stores nothing, and works again by itself once there is room.

Each test runs on a file system of 12 MB where this process may mount one (in a name space that nobody else sees), and
always with a limit on the size of a file, which every Unix has.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from sightloop.vision import encode
from tests import tiny
from tests.e2e.running import prepared, serving, upload

UNSHARE = ["unshare", "--mount", "--map-root-user"]
MOUNT = 'cp -a "$0" "$0.copy" && mount -t tmpfs -o size=12m tmpfs "$0" && cp -a "$0.copy/." "$0" && exec "$@"'


def may_mount() -> bool:
    try:
        return subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


WAYS = ["limit", "mount"] if may_mount() else ["limit"]


@dataclass(frozen=True)
class SmallDisk:
    """Somebody at a server whose disk can be filled and freed; `folder` is its data folder as this process sees it."""

    client: httpx.Client
    folder: Path
    fill: Callable[[], None]
    free: Callable[[], None]


@contextmanager
def mounted(data: Path, token: str) -> Iterator[SmallDisk]:
    with serving(data, before=[*UNSHARE, "sh", "-c", MOUNT, str(data)]) as running, running.client(token) as client:
        folder = Path(f"/proc/{running.process.pid}/root{data}")
        filler = folder / "filler"

        def fill() -> None:
            with filler.open("wb", buffering=0) as file:
                while True:
                    try:
                        file.write(bytes(4096))
                    except OSError:
                        return

        yield SmallDisk(client, folder, fill, filler.unlink)


@contextmanager
def limited(data: Path, token: str) -> Iterator[SmallDisk]:
    with serving(data) as running, running.client(token) as client:

        def limit(size: int) -> None:
            resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        yield SmallDisk(client, data, lambda: limit(0), lambda: limit(resource.RLIM_INFINITY))


@pytest.fixture(scope="module", params=WAYS)
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    data = tmp_path_factory.mktemp("small") / "data"
    with (mounted if request.param == "mount" else limited)(data, prepared(data)) as made:
        yield made


@pytest.fixture(params=["small", "large"])
def picture(request: pytest.FixtureRequest) -> bytes:
    """A picture of a few kilobytes, and one of some megabytes."""
    if request.param == "small":
        return tiny.picture("red")
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1600, 3), dtype=np.uint8)
    return encode.jpeg(noise, quality=90)


def test_a_picture_that_finds_no_room_is_refused_and_nothing_of_it_stays(disk: SmallDisk, picture: bytes) -> None:
    before = stored(disk)
    disk.fill()
    refused = upload(disk.client, picture)
    there = (left_over(disk), stored(disk))
    disk.free()
    assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json"), refused.text
    assert "full" in refused.json()["detail"]
    assert there == ([], before)
    assert upload(disk.client, picture).json()["files"][0]["outcome"] == "stored"
    assert len(stored(disk)) == len(before) + 1


def test_an_archive_that_finds_no_room_leaves_neither_file_nor_job(disk: SmallDisk, picture: bytes) -> None:
    disk.fill()
    kind = {"content-type": "application/zip"}
    refused = disk.client.post("/api/v1/projects/paint/imports", content=picture, headers=kind)
    there = (left_over(disk), disk.client.get("/api/v1/jobs").json()["items"])
    disk.free()
    assert refused.status_code == 507, refused.text
    assert there == ([], [])


def stored(disk: SmallDisk) -> list[str]:
    """The checksums that rows name; each must have its bytes."""
    rows = disk.client.get("/api/v1/projects/paint/images").json()["items"]
    found = sorted(row["sha256"] for row in rows)
    assert all((disk.folder / "blobs" / sha[:2] / sha).is_file() for sha in found)
    return found


def left_over(disk: SmallDisk) -> list[str]:
    """Files that are on their way in."""
    return [path.name for folder in ("incoming", "imports") for path in (disk.folder / folder).glob("*")]


def test_a_correction_that_finds_no_room_changes_nothing(disk: SmallDisk) -> None:
    image = upload(disk.client, tiny.picture("blue", seed=7)).json()["files"][0]["image"]
    path = f"/api/v1/images/{image['id']}"
    disk.fill()
    refused = [disk.client.put(f"{path}/label", json={"value": "red"}) for _ in range(3)]
    there = disk.client.get(path).json()["label"]
    disk.free()
    assert ({one.status_code for one in refused}, there) == ({507}, None)
    assert disk.client.put(f"{path}/label", json={"value": "red"}).json()["shown"] == "red"
