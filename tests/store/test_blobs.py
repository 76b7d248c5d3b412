"""Blobs: one contract for the disk and for S3, and what only a disk can get wrong."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sightloop.core.errors import Missing, Rejected, StorageFull, Unavailable
from sightloop.core.ports import Blobs
from sightloop.store.disk import DiskBlobs
from sightloop.store.s3 import S3Blobs

DATA = b"a picture"
SHA256 = hashlib.sha256(DATA).hexdigest()
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "disk":
        return DiskBlobs(tmp_path / "data")
    return bucket_blobs(request.getfixturevalue("s3"), tmp_path / "cache")


def bucket_blobs(bucket: Any, cache: Path) -> S3Blobs:
    """A store on a bucket of the test's server."""
    return S3Blobs(
        bucket.name,
        "some/prefix",
        cache=cache,
        endpoint_url=bucket.endpoint_url,
        access_key_id=bucket.access_key_id,
        secret_access_key=bucket.secret_access_key,
        region=bucket.region,
    )


def incoming(blobs: Blobs, data: bytes = DATA) -> Path:
    """A finished file on its way in."""
    path = blobs.incoming / "upload"
    path.write_bytes(data)
    return path


def test_what_is_put_comes_back(blobs: Blobs) -> None:
    assert blobs.put(DATA) == SHA256
    assert blobs.put(DATA) == SHA256
    assert (blobs.has(SHA256), blobs.get(SHA256), blobs.path(SHA256).read_bytes()) == (True, DATA, DATA)


def test_an_adopted_file_is_moved(blobs: Blobs) -> None:
    for _ in range(2):
        path = incoming(blobs)
        blobs.adopt(path, SHA256)
        assert not path.exists()
    assert blobs.get(SHA256) == DATA


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_what_is_not_there_is_missing(blobs: Blobs, name: str) -> None:
    with pytest.raises(Missing):
        blobs.get(name)
    with pytest.raises(Missing):
        blobs.path(name)


def test_a_deleted_blob_takes_what_was_derived_with_it(blobs: Blobs) -> None:
    blobs.put(DATA)
    blobs.path(SHA256)
    blobs.keep("thumb", SHA256, b"small")
    blobs.keep("mask", SHA256, b"mask")
    blobs.delete(SHA256)
    blobs.delete(SHA256)
    assert (blobs.has(SHA256), blobs.kept("thumb", SHA256), blobs.kept("mask", SHA256)) == (False, None, None)
    with pytest.raises(Missing):
        blobs.path(SHA256)


def test_a_derived_file_is_replaced(blobs: Blobs) -> None:
    assert blobs.kept("thumb", SHA256) is None
    blobs.keep("thumb", SHA256, b"one")
    blobs.keep("thumb", SHA256, b"two")
    assert blobs.kept("thumb", SHA256) == b"two"


def test_a_kind_is_never_a_path(blobs: Blobs) -> None:
    with pytest.raises(Rejected, match="kind of derived file"):
        blobs.keep("../thumb", SHA256, b"")


def test_a_walk_meets_every_blob_and_nothing_else(blobs: Blobs) -> None:
    wanted = {blobs.put(bytes([number])) for number in range(5)}
    blobs.keep("thumb", SHA256, b"small")
    incoming(blobs)
    found = list(blobs.walk())
    assert {it.sha256 for it in found} == wanted
    assert {it.size for it in found} == {1}
    assert all(it.modified > 1_600_000_000 for it in found)


def test_a_store_that_works_says_nothing(blobs: Blobs) -> None:
    blobs.check()
    assert list(blobs.walk()) == []


def test_many_threads_may_put_the_same_bytes(blobs: Blobs) -> None:
    threads = [threading.Thread(target=blobs.put, args=(DATA,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blobs.get(SHA256) == DATA
    assert list(blobs.incoming.iterdir()) == []


def test_a_blob_on_disk_is_read_only_under_its_hash(tmp_path: Path) -> None:
    path = DiskBlobs(tmp_path).path(DiskBlobs(tmp_path).put(DATA))
    assert path == tmp_path / "blobs" / SHA256[:2] / SHA256
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    blobs = DiskBlobs(tmp_path)

    def fail(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    path = incoming(blobs)
    monkeypatch.setattr(os, "fsync", fail)
    for attempt in (lambda: blobs.put(DATA), lambda: blobs.adopt(path, SHA256), blobs.check):
        with pytest.raises(StorageFull):
            attempt()
    assert [it for it in tmp_path.rglob("*") if it.is_file()] == []


def test_a_really_full_disk_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    if os.geteuid() != 0 or mount(tmp_path) != 0:
        pytest.skip("cannot mount a small tmpfs here")
    try:
        blobs = DiskBlobs(tmp_path)
        with pytest.raises(StorageFull):
            blobs.put(b"x" * 2_000_000)
        assert [it for it in tmp_path.rglob("*") if it.is_file()] == []
        assert blobs.get(blobs.put(DATA)) == DATA
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def mount(folder: Path) -> int:
    """Mount a file system of one megabyte on `folder`."""
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode


def test_a_file_from_another_file_system_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, rename = DiskBlobs(tmp_path / "data"), Path.rename
    path = tmp_path / "elsewhere"
    path.write_bytes(DATA)

    def refuse(self: Path, target: Path) -> Path:
        if self == path:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    blobs.adopt(path, SHA256)
    assert (blobs.get(SHA256), path.exists(), list(blobs.incoming.iterdir())) == (DATA, False, [])


def test_a_process_killed_while_it_puts_leaves_whole_blobs_only(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sightloop.store.disk import DiskBlobs\n"
        "blobs = DiskBlobs(Path(sys.argv[1]))\n"
        "for number in range(10**9): print(blobs.put(b'%d' % number * 1000), flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = [process.stdout.readline().decode().strip() for _ in range(20)]
    process.kill()
    process.communicate()
    blobs = DiskBlobs(tmp_path)
    assert all(blobs.has(name) for name in told)
    assert all(hashlib.sha256(blobs.get(it.sha256)).hexdigest() == it.sha256 for it in blobs.walk())


def test_a_bucket_outlives_its_cache(s3: Any, tmp_path: Path) -> None:
    bucket_blobs(s3, tmp_path / "one").put(DATA)
    bucket_blobs(s3, tmp_path / "one").keep("thumb", SHA256, b"small")
    other = bucket_blobs(s3, tmp_path / "two")
    assert (other.path(SHA256).read_bytes(), other.kept("thumb", SHA256)) == (DATA, b"small")


def test_a_bucket_that_is_not_there_is_unavailable(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        bucket_blobs(s3._replace(name="nothing"), tmp_path).check()
