"""The bundle on disk: verified, packed deterministically, unpacked safely."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.bundles import card
from sightloop.bundles import format as bundle_format
from sightloop.core.errors import BadBundle


def test_a_written_bundle_reads_back_the_same(bundle: Path) -> None:
    manifest = bundle_format.read(bundle)
    assert manifest.classes == ("red", "green", "blue")
    assert manifest.input.mean == (0.5, 0.5, 0.5)
    assert set(manifest.files) == {"model.onnx", "reference.npz", "card.md"}


@pytest.mark.parametrize("name", ["model.onnx", "reference.npz", "card.md"])
def test_one_changed_byte_in_any_file_is_refused(bundle: Path, name: str) -> None:
    data = bytearray((bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / name).write_bytes(data)
    with pytest.raises(BadBundle, match=name):
        bundle_format.read(bundle)


def test_a_file_that_the_manifest_does_not_list_is_refused(bundle: Path) -> None:
    (bundle / "extra.txt").write_text("hello")
    with pytest.raises(BadBundle, match=r"extra\.txt"):
        bundle_format.read(bundle)


def test_a_missing_file_is_refused(bundle: Path) -> None:
    (bundle / "model.onnx").unlink()
    with pytest.raises(BadBundle, match=r"model\.onnx"):
        bundle_format.read(bundle)


def _with(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_with(format=2), "format 2"),
        (_with(classes=[]), "classes"),
        (_with(temperature=0), "temperature"),
        (_with(input={"size": 16}), "incomplete"),
        (_with(input={"size": 99999, "mode": "crop", "mean": [0, 0, 0], "std": [1, 1, 1]}), "99999"),
        (_with(files={"../evil": "0"}), "plain file name"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(bundle: Path, change: Callable[[Path], None], said: str) -> None:
    change(bundle)
    with pytest.raises(BadBundle, match=said):
        bundle_format.read(bundle)


def test_the_same_content_packs_to_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    first = bundle_format.pack(bundle, tmp_path / "a.bundle")
    for path in bundle.iterdir():
        path.touch()
    assert bundle_format.pack(bundle, tmp_path / "b.bundle") == first
    assert (tmp_path / "a.bundle").read_bytes() == (tmp_path / "b.bundle").read_bytes()


def test_unpacking_a_packed_bundle_gives_the_same_files(bundle: Path, tmp_path: Path) -> None:
    (bundle / "plots").mkdir()
    (bundle / "plots" / "roc.svg").write_text("<svg/>")
    bundle_format.write(bundle, bundle_format.parse(bundle))
    bundle_format.pack(bundle, tmp_path / "a.bundle")
    bundle_format.unpack(tmp_path / "a.bundle", tmp_path / "again")
    for path in (path for path in bundle.rglob("*") if path.is_file()):
        assert (tmp_path / "again" / path.relative_to(bundle)).read_bytes() == path.read_bytes()


def _repacked(bundle: Path, target: Path, name: str, data: bytes = b"x", attributes: int = 0) -> None:
    bundle_format.pack(bundle, target)
    with zipfile.ZipFile(target, "a") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = attributes
        archive.writestr(entry, data)


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/b/c", "..", ".hidden", "plots/../../evil", "C:evil"])
def test_a_name_that_leads_elsewhere_is_refused_and_leaves_nothing(bundle: Path, tmp_path: Path, name: str) -> None:
    _repacked(bundle, tmp_path / "bad.bundle", name)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BadBundle):
        bundle_format.unpack(tmp_path / "bad.bundle", tmp_path / "out")
    assert set(tmp_path.rglob("*")) == before


def test_a_link_inside_is_refused(bundle: Path, tmp_path: Path) -> None:
    _repacked(bundle, tmp_path / "bad.bundle", "link", b"/etc/passwd", attributes=0o120777 << 16)
    with pytest.raises(BadBundle, match="link"):
        bundle_format.unpack(tmp_path / "bad.bundle", tmp_path / "out")


def test_an_unlisted_entry_is_refused(bundle: Path, tmp_path: Path) -> None:
    _repacked(bundle, tmp_path / "bad.bundle", "more.txt")
    with pytest.raises(BadBundle, match=r"more\.txt"):
        bundle_format.unpack(tmp_path / "bad.bundle", tmp_path / "out")


def test_a_changed_byte_in_the_packed_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    bundle_format.pack(bundle, tmp_path / "a.bundle")
    data = bytearray((tmp_path / "a.bundle").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.bundle").write_bytes(data)
    with pytest.raises(BadBundle):
        bundle_format.unpack(tmp_path / "a.bundle", tmp_path / "out")


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a bundle")
    with pytest.raises(BadBundle, match="text"):
        bundle_format.unpack(tmp_path / "text", tmp_path / "out")


def test_too_large_a_bundle_is_refused_before_it_is_unpacked(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle_format.pack(bundle, tmp_path / "a.bundle")
    monkeypatch.setattr(bundle_format, "MAX_BYTES", 100)
    with pytest.raises(BadBundle, match="more than 100"):
        bundle_format.unpack(tmp_path / "a.bundle", tmp_path / "out")


def test_completing_a_card_adds_the_test_figures_and_keeps_the_bundle_valid(bundle: Path) -> None:
    figures = {"n": 50, "accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}, "per_class": []}
    card.complete(bundle, figures)
    assert bundle_format.read(bundle).metrics["test"] == figures
    assert "0.900 (0.800 … 0.950)" in (bundle / "card.md").read_text()
