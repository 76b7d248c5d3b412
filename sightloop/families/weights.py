"""Where a backbone's weights come from, what they say of themselves, and reading them without running anyone's code.

`find` imports no torch. A weights file may state its input normalisation and padding: in safetensors metadata (`mean`,
`std`, `pad_type`, or a `timm` text such as "mobilenetv2_100, pad_type=same"), in a side-car `FILE.json` with the same
keys, or by a name that ends in `_qat` (Google's quantisation-aware weights: mean 0.5, std 0.5, padding "same").
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sightloop.core.errors import Rejected

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".safetensors", ".pth", ".pt")
MAX_HEADER = 100 * 2**20
QAT = {"mean": 0.5, "std": 0.5, "pad_type": "same"}

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Source:
    """Weights that were found; `mean`, `std` (shares of 255) and `pad_type` are None where the file does not say."""

    kind: Literal["none", "hub", "file"]
    path: Path | None = None
    mean: Channels | None = None
    std: Channels | None = None
    pad_type: str | None = None


def find(spec: str, backbone: str, weights_dir: Path) -> Source:
    """The weights that `--weights SPEC` means.

    Args:
        spec: "auto" (a local file in `weights_dir` whose name begins with the backbone's), "none" (from scratch), "hub"
            (timm downloads), or the path of a .safetensors or .pth file.

    Raises:
        Rejected: "auto" found no file, or the path is no weights file; never silently none.
    """
    if spec == "none":
        return Source("none")
    if spec == "hub":
        return Source("hub")
    path = _local(backbone, weights_dir) if spec == "auto" else Path(spec).expanduser()
    if path is None:
        raise Rejected(
            f"no local weights for backbone {backbone!r} in the weights folder.",
            hint="Put a file into the folder that SIGHTLOOP_WEIGHTS names (<data>/weights when unset), "
            "or choose weights hub (download), none (train from scratch) or a path.",
        )
    if path.suffix not in SUFFIXES or not path.is_file():
        raise Rejected(f"{spec!r} is no weights file.", hint="Give auto, none, hub, or a .safetensors or .pth file.")
    return _described(path)


def _local(backbone: str, weights_dir: Path) -> Path | None:
    """The file in `weights_dir` with the shortest name that begins with the backbone's name at a word boundary."""
    name = backbone.partition(".")[0]
    pattern = re.compile(rf"{re.escape(name)}([.\-_].*)?")
    found = [path for path in weights_dir.glob("*") if path.suffix in SUFFIXES and pattern.fullmatch(path.stem)]
    return min(found, key=lambda path: (len(path.name), path.name), default=None)


def _described(path: Path) -> Source:
    said: dict[str, Any] = dict(QAT) if path.stem.endswith("_qat") else {}
    said |= _metadata(path) if path.suffix == ".safetensors" else {}
    sidecar = path.with_name(path.name + ".json")
    if sidecar.exists():
        try:
            said |= json.loads(sidecar.read_text())
        except (ValueError, TypeError) as error:
            raise Rejected(f"side-car {sidecar.name!r} is not a JSON object: {error}.") from error
    return Source("file", path, _channels(said, "mean", path), _channels(said, "std", path), said.get("pad_type"))


def _metadata(path: Path) -> dict[str, Any]:
    """What the header of a safetensors file says: 8 bytes of length, then JSON with an optional `__metadata__`."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MAX_HEADER:
                raise Rejected(f"{path.name!r} declares a header of {length} bytes.")
            header = json.loads(file.read(length))
    except (struct.error, ValueError) as error:
        raise Rejected(f"{path.name!r} is not a safetensors file: {error}.") from error
    said = dict(header.get("__metadata__", {}))
    if found := re.search(r"pad_type=(\w+)", said.get("timm", "")):
        said.setdefault("pad_type", found[1])
    return said


def _channels(said: Mapping[str, Any], key: str, path: Path) -> Channels | None:
    """One number or three, as JSON, as text, or as text with commas."""
    value = said.get(key)
    if value is None:
        return None
    try:
        parts = [
            float(part) for part in (re.findall(r"[\d.eE+-]+", value) if isinstance(value, str) else _listed(value))
        ]
    except (TypeError, ValueError) as error:
        raise Rejected(f"{path.name!r} says {key}={value!r}, which is not one or three numbers.") from error
    if len(parts) == 1:
        parts *= 3
    if len(parts) != 3:
        raise Rejected(f"{path.name!r} says {key}={value!r}, which is not one or three numbers.")
    return (parts[0], parts[1], parts[2])


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def read(path: Path) -> dict[str, Tensor]:
    """The tensors in a .safetensors file or a state dict in a .pth file; no code in the file is ever run.

    Raises:
        Rejected: not such a file, or one that would need code to be run.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    refused_code = torch.serialization.pickle.UnpicklingError  # type: ignore[attr-defined]
    try:
        if path.suffix == ".safetensors":
            return load_file(str(path))
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, refused_code, SafetensorError) as error:
        first = str(error).strip().splitlines()[0]
        raise Rejected(f"{path.name!r} cannot be read as weights: {first}", hint="Save a plain state dict.") from error
    return _state_dict(loaded, path)


def _state_dict(loaded: Any, path: Path) -> dict[str, Tensor]:
    """The state dict itself, or the one inside a training checkpoint."""
    import torch

    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if (
        not isinstance(loaded, dict)
        or not loaded
        or not all(isinstance(value, torch.Tensor) for value in loaded.values())
    ):
        raise Rejected(f"{path.name!r} holds no state dict.", hint="Save model.state_dict(), not the whole model.")
    return {str(name).removeprefix("module."): tensor for name, tensor in loaded.items()}


def check_keys(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], *, what: str) -> None:
    """Raise Rejected, with the missing and the unexpected keys, unless `found` fits `wanted` by name and shape."""
    missing = [name for name in wanted if name not in found and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in found if name not in wanted]
    shapes = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    if missing or unexpected or shapes:
        parts = [("missing", missing), ("unexpected", unexpected), ("of another shape", shapes)]
        said = "; ".join(f"{label}: {_some(names)}" for label, names in parts if names)
        raise Rejected(f"{what} does not fit: {said}.", hint="Is it for this backbone?")


def _some(names: list[str], limit: int = 6) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
