"""A stranger's ZIP is read within limits, and one bad member never costs the others."""

from __future__ import annotations

import io
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightloop.core.errors import BadArchive
from sightloop.flows import archives
from sightloop.flows.archives import Limits


def packed(path: Path, members: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def reasons(path: Path, *, limits: Limits = archives.DEFAULT) -> dict[str, str]:
    with archives.opened(path, limits=limits) as archive:
        return {skip.where: skip.reason for skip in archive.skipped}


def test_members_come_back_byte_for_byte_and_folders_are_not_members(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"cat/": b"", "cat/1.jpg": b"one", "cat\\2.jpg": b"two"})
    with archives.opened(path) as archive:
        assert archive.names == ("cat/1.jpg", "cat/2.jpg")
        assert archive.read("cat/2.jpg") == b"two"


@pytest.mark.parametrize("name", ["../../etc/x.jpg", "/etc/x.jpg", "a/../../x.jpg", "C:/x.jpg", "..\\x.jpg"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "a.zip", {name: b"x", "cat/1.jpg": b"fine"})
    with archives.opened(path) as archive:
        assert archive.names == ("cat/1.jpg",)
        assert archive.skipped[0].reason == "its name leads out of the archive."


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("cat/link.jpg")
    info.external_attr = (kind | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    assert reasons(tmp_path / "a.zip") == {"cat/link.jpg": "a link or device, not a file."}


def test_an_encrypted_member_is_refused_with_its_reason(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path / "a.zip", {"1.jpg": b"x"}).read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    assert reasons(tmp_path / "a.zip") == {"1.jpg": "encrypted."}


def test_a_member_packed_too_tightly_is_left_out(tmp_path: Path) -> None:
    members = {"bomb.bmp": bytes(2_000_000), "1.jpg": bytes(range(256)) * 400}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("bomb.bmp", members["bomb.bmp"], zipfile.ZIP_DEFLATED)
        file.writestr("1.jpg", members["1.jpg"])
    assert list(reasons(tmp_path / "a.zip")) == ["bomb.bmp"]


def test_an_archive_that_is_one_bomb_is_refused_whole(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"bomb.bmp": bytes(2_000_000)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadArchive, match="times its size"):
        reasons(path)


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{number}.jpg": b"x" for number in range(30)})
    with pytest.raises(BadArchive, match="30 entries, more than 20"):
        reasons(path, limits=Limits(entries=20))


def test_a_long_list_of_members_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{number:0200d}.jpg": b"x" for number in range(30)})
    with pytest.raises(BadArchive, match="lists far more than 5 entries"):
        reasons(path, limits=Limits(entries=5))


def test_declared_sizes_are_summed_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{number}.jpg": bytes(100) for number in range(11)})
    with pytest.raises(BadArchive, match="unpacks to 1100 bytes, more than 1000"):
        reasons(path, limits=Limits(total=1000))


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    data = packed(tmp_path / "a.zip", {"1.jpg": b"x" * 50, "2.jpg": b"x" * 50}).read_bytes()
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    (tmp_path / "a.zip").write_bytes(data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :])
    with pytest.raises(BadArchive, match="overlapping"):
        reasons(tmp_path / "a.zip")


def test_a_member_that_holds_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    body = bytes(range(256)) * 40
    data = packed(tmp_path / "a.zip", {"1.jpg": body, "2.jpg": b"fine"}, compression=zipfile.ZIP_DEFLATED).read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(struct.pack("<L", len(body)), struct.pack("<L", 100)))
    with archives.opened(tmp_path / "a.zip") as archive:
        with pytest.raises(BadArchive):
            archive.read("1.jpg")
        assert archive.read("2.jpg") == b"fine"


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    data = packed(tmp_path / "a.zip", {"1.jpg": b"first picture", "2.jpg": b"second picture"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"first", b"wrong", 1))
    with archives.opened(tmp_path / "a.zip") as archive:
        with pytest.raises(BadArchive, match="damaged"):
            archive.read("1.jpg")
        assert archive.read("2.jpg") == b"second picture"


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\5\6", b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(BadArchive):
        reasons(tmp_path / "a.zip")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_archive_raises_nothing_but_bad_archive(data: st.DataObject) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("cat/1.jpg", bytes(range(256)) * 4)
        file.writestr("dog/ü.jpg", b"x" * 300, zipfile.ZIP_LZMA)
    damaged = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.zip").write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))] or damaged)
        read_all(Path(folder) / "a.zip")


def read_all(path: Path) -> None:
    try:
        with archives.opened(path) as archive:
            for name in archive.names:
                try:
                    archive.read(name)
                except BadArchive:
                    continue
    except BadArchive:
        return
