"""A bundle on disk: one folder described and hashed by `manifest.json`, packed into one deterministic file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from sightloop.core.entities import Json
from sightloop.core.errors import BadBundle

FORMAT = 1
MANIFEST = "manifest.json"
MAX_FILES = 64
MAX_BYTES = 4 * 2**30
CHUNK = 2**20
REGIONS = ("", "eye")
NAME = re.compile(r"([A-Za-z0-9_-][\w.-]*/)?[A-Za-z0-9_-][\w.-]*", re.ASCII)  # no leading dot, at most one folder
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP can say: the same content packs to the same bytes


@dataclass(frozen=True)
class Input:
    """How pixels become the model's input: `size` in pixels, then (value / 255 - mean) / std per channel, RGB.

    With `mode` "native" a picture keeps its size, and `size` is the longest side of the tiles it is cut into. Where a
    `region` is named ("eye"), that part of the picture is cut out first.
    """

    size: int
    mode: Literal["crop", "squash", "native"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    region: str = ""


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself; `files` maps every other file in the folder to its SHA-256.

    Bundles with an equal `encoder` make the same embedding of a picture, so that one pass serves them all.
    `certificate` is what a cascade promises and at which confidence; see `measure.deferral`.
    """

    task: str
    classes: tuple[str, ...]
    input: Input
    family: str
    backbone: str
    outputs: tuple[str, ...] = ("logits", "embedding")
    temperature: float = 1.0
    params: Json = field(default_factory=dict)
    weights: Json = field(default_factory=dict)
    snapshot: str | None = None
    code_version: str = ""
    metrics: Json = field(default_factory=dict)
    encoder: str | None = None
    certificate: Json = field(default_factory=dict)
    created_at: float = 0.0
    format: int = FORMAT
    files: Mapping[str, str] = field(default_factory=dict)


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Hash every file in `folder`, write `manifest.json` beside them, and return the manifest with its hashes."""
    names = _names(folder)
    complete = replace(manifest, files={name: file_sha256(folder / name) for name in names})
    text = json.dumps(asdict(complete), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    replace_file(folder / MANIFEST, text.encode() + b"\n")
    return complete


def read(folder: Path) -> Manifest:
    """Read and verify the bundle in `folder`.

    Raises:
        BadBundle: no manifest, a newer format, a missing or unlisted file, or a file whose bytes have changed.
    """
    manifest = parse(folder)
    if odd := sorted(set(_names(folder)) ^ set(manifest.files)):
        raise BadBundle(f"bundle files do not match the manifest: {', '.join(odd)}.", hint="Fetch the bundle again.")
    for name, expected in manifest.files.items():
        if file_sha256(folder / name) != expected:
            raise BadBundle(
                f"bundle file {name!r} is damaged: its SHA-256 has changed.", hint="Fetch the bundle again."
            )
    return manifest


def _names(folder: Path) -> list[str]:
    """All files but the manifest, such as model.onnx and plots/roc.svg."""
    names = [
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    ]
    return sorted(name for name in names if name != MANIFEST)


def parse(folder: Path) -> Manifest:
    """The manifest in `folder`, not yet verified against its files. Raises BadBundle."""
    try:
        raw: Any = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise BadBundle(f"no readable {MANIFEST} in {folder.name!r}: {error}.") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        said = raw.get("format") if isinstance(raw, dict) else None
        raise BadBundle(f"bundle format {said!r} is not {FORMAT}.", hint="Update Sightloop.")
    known = {entry.name for entry in fields(Manifest)}
    try:
        values = {key: value for key, value in raw.items() if key in known}
        values["input"] = _input(raw["input"])
        values["classes"], values["outputs"] = tuple(map(str, raw["classes"])), tuple(map(str, raw["outputs"]))
        manifest = Manifest(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise BadBundle(f"the bundle's manifest is incomplete: {error}.") from error
    _check(manifest)
    return manifest


def _input(raw: Mapping[str, Any]) -> Input:
    mean, std = tuple(map(float, raw["mean"])), tuple(map(float, raw["std"]))
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0 or raw["mode"] not in {"crop", "squash", "native"}:
        raise ValueError(f"input {dict(raw)!r}")
    region = str(raw.get("region", ""))
    if region not in REGIONS:
        raise ValueError(f"region {region!r}")
    return Input(int(raw["size"]), raw["mode"], (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), region)


def _check(manifest: Manifest) -> None:
    if not 1 <= manifest.input.size <= 4096:
        raise BadBundle(f"the bundle's input size {manifest.input.size} is not between 1 and 4096 pixels.")
    if (manifest.input.mode == "native") != (manifest.task == "segment"):
        raise BadBundle(f"a bundle for task {manifest.task!r} cannot take pictures in mode {manifest.input.mode!r}.")
    if not isinstance(manifest.temperature, int | float) or not manifest.temperature > 0:
        raise BadBundle(f"the bundle's temperature {manifest.temperature!r} is not above 0.")
    if not manifest.classes or len(set(manifest.classes)) != len(manifest.classes):
        raise BadBundle(f"the bundle's classes {manifest.classes!r} are empty or repeat.")
    for name in manifest.files:
        _check_name(name)


def _check_name(name: str) -> str:
    """`name` if it is a plain file name in the bundle's folder or in one folder below it. Raises BadBundle."""
    if not NAME.fullmatch(name):
        raise BadBundle(f"bundle entry {name!r} is not a plain file name.", hint="Do not use this file.")
    return name


def pack(folder: Path, target: Path) -> str:
    """Pack the verified bundle into `target`, a stored ZIP: same content, same bytes. Returns its SHA-256."""
    names = [MANIFEST, *sorted(read(folder).files)]
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".bundle-")
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for name in names:
                    _add(archive, name, folder / name)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return file_sha256(target)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, date_time=EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=entry.file_size > 2**31 - 1) as sink:
        shutil.copyfileobj(source, sink, CHUNK)


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack the file `path` into the new folder `folder` and verify it; on any error nothing is left behind.

    Raises:
        BadBundle: not a ZIP, names outside the folder, links, repeated or too many or too large entries, wrong hashes.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        raise BadBundle(f"{folder.name!r} exists already.", hint="Unpack into a new folder.")
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".bundle-"))
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _entries(archive):
                _take(archive, entry, temporary)
        manifest = read(temporary)
        temporary.chmod(0o755)
        temporary.replace(folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, FileExistsError) as error:
        raise BadBundle(f"{path.name!r} is not a readable bundle: {error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return manifest


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    names = [_check_name(entry.filename) for entry in entries]
    if len(entries) > MAX_FILES or len(set(names)) != len(names):
        raise BadBundle(f"the bundle has {len(entries)} entries, repeated or more than {MAX_FILES}.")
    if (total := sum(entry.file_size for entry in entries)) > MAX_BYTES:
        raise BadBundle(f"the bundle unpacks to {total} bytes, more than {MAX_BYTES}.")
    if odd := [
        entry.filename for entry in entries if entry.is_dir() or (entry.external_attr >> 16) & 0o170000 == 0o120000
    ]:
        raise BadBundle(f"bundle entry {odd[0]!r} is a link or a folder.", hint="Do not use this file.")
    return entries


def _take(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    """Copy one entry, never more bytes than it declared; ZIP's own CRC is checked while reading."""
    left, target = entry.file_size, folder / entry.filename
    target.parent.mkdir(exist_ok=True)
    with archive.open(entry) as source, target.open("xb") as sink:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BadBundle(f"bundle entry {entry.filename!r} is larger than it declares.")
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old file or the new one: temp, fsync, rename, fsync folder."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
