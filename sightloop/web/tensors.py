"""The Open Inference Protocol on the wire: tensors written in JSON, or as bytes behind a JSON header."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected

HEADER = "inference-header-content-length"
INPUTS = {"image": "BYTES", "pixels": "UINT8"}
OUTPUTS = {"probabilities": "FP32", "prediction": "BYTES", "confidence": "FP32"}
MAX_PICTURES = 256
MAX_JSON = 32 << 20  # bytes; what is larger comes as binary tensors
COLOURS = 3

Pictures = Sequence[bytes] | NDArray[np.uint8]


@dataclass(frozen=True)
class Asked:
    """One request: encoded files, or (n, height, width, 3) uint8 RGB; `outputs` says of each whether it is binary."""

    id: str | None
    pictures: Pictures
    outputs: Mapping[str, bool]


@dataclass(frozen=True)
class Answered:
    """What a model said of n pictures: `probabilities` (n, classes) and `confidence` (n,) float32 in 0..1."""

    model: str
    version: int
    classes: Sequence[str]
    probabilities: NDArray[np.float32]
    confidence: NDArray[np.float32]
    prediction: Sequence[str]


def read(body: bytes, *, header: str | None) -> Asked:
    """The request in a body.

    Args:
        header: bytes of JSON before the binary tensors, as the request's header says; None where all of it is JSON.

    Raises:
        Rejected: not such a request; names what does not fit.
    """
    length = len(body) if header is None else _length(header, most=len(body))
    asked = _object(body[:length])
    tensor = _only_input(asked)
    pictures = _pictures(tensor, binary=body[length:])
    given = asked.get("id")
    return Asked(given if isinstance(given, str) else None, pictures, _wanted(asked))


def _length(header: str, *, most: int) -> int:
    if not header.isdecimal() or not 0 < int(header) <= most:
        raise Rejected(f"Inference-Header-Content-Length {header[:20]!r} does not fit a body of {most} bytes.")
    return int(header)


def _object(text: bytes) -> Json:
    if len(text) > MAX_JSON:
        raise Rejected(f"{len(text)} bytes of JSON are too many.", hint="Send binary tensors.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected("the request is not JSON.", hint="See docs/howto/triton.md.") from error
    return dict(_fits(found, dict, what="the request"))


def _only_input(asked: Json) -> Json:
    inputs = _fits(asked.get("inputs"), list, what="`inputs`")
    if len(inputs) != 1:
        raise Rejected(f"{len(inputs)} inputs were sent, not one.", hint=f"Send one of {', '.join(INPUTS)}.")
    tensor = _fits(inputs[0], dict, what="the input")
    name, datatype = tensor.get("name"), tensor.get("datatype")
    if not isinstance(name, str) or INPUTS.get(name) != datatype:
        known = " or ".join(f"{one} of {kind}" for one, kind in INPUTS.items())
        raise Rejected(f"the input {name!r} of {datatype!r} does not fit.", hint=f"Send {known}.")
    return dict(tensor)


def _pictures(tensor: Json, *, binary: bytes) -> Pictures:
    shape = _shape(tensor)
    parameters = _parameters(tensor)
    size = parameters.get("binary_data_size")
    if (size or 0) != len(binary):
        raise Rejected(f"binary_data_size {size!r} is not the {len(binary)} bytes that came.")
    raw = None if size is None else binary
    if tensor["datatype"] == "UINT8":
        return _pixels(tensor.get("data"), raw, shape)
    files = _texts(tensor.get("data")) if raw is None else _cut(raw)
    if len(files) != shape[0] or math.prod(shape) != shape[0]:
        raise Rejected(f"shape {shape} does not fit {len(files)} pictures.", hint="Send shape [n].")
    return files


def _shape(tensor: Json) -> list[int]:
    shape = _fits(tensor.get("shape"), list, what="`shape`")
    if not shape or any(type(one) is not int or one < 1 for one in shape):
        raise Rejected(f"shape {str(shape)[:80]} does not fit.", hint="Send positive whole numbers, pictures first.")
    if shape[0] > MAX_PICTURES:
        raise Rejected(f"{shape[0]} pictures in one request.", hint=f"Send at most {MAX_PICTURES}.")
    return list(shape)


def _cut(raw: bytes) -> list[bytes]:
    """Elements, each behind its length in four bytes, the least significant first."""
    found, at = [], 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise Rejected("the binary tensor breaks off.", hint="Each element comes behind its length in 4 bytes.")
        end = at + 4 + int(struct.unpack_from("<I", raw, at)[0])
        if end > len(raw):
            raise Rejected("the binary tensor breaks off.", hint="Each element comes behind its length in 4 bytes.")
        found.append(raw[at + 4 : end])
        at = end
    return found


def _texts(data: Any) -> list[bytes]:
    """Elements in base64, which is how JSON can hold a picture; nested as the shape, or flat."""
    flat = [one for row in _fits(data, list, what="`data`") for one in (row if isinstance(row, list) else [row])]
    try:
        return [base64.b64decode(one, validate=True) for one in flat]
    except (TypeError, ValueError, binascii.Error) as error:
        raise Rejected("a picture in `data` is not base64.", hint="Or send it as a binary tensor.") from error


def _pixels(data: Any, raw: bytes | None, shape: list[int]) -> NDArray[np.uint8]:
    if len(shape) != 4 or shape[3] != COLOURS:
        raise Rejected(f"shape {shape} is not that of RGB pictures.", hint="Send [n, height, width, 3].")
    values = np.frombuffer(raw, np.uint8) if raw is not None else _numbers(data)
    if values.size != math.prod(shape):
        raise Rejected(f"{values.size} values do not fill the shape {shape}.", hint="Send all of them.")
    return values.reshape(shape)


def _numbers(data: Any) -> NDArray[np.uint8]:
    try:
        wide = np.asarray(_fits(data, list, what="`data`"))
    except ValueError as error:  # rows of different lengths
        raise Rejected("`data` does not fit its shape.", hint="Send whole numbers of 0 to 255.") from error
    if wide.dtype.kind not in "iu" or wide.min(initial=0) < 0 or wide.max(initial=0) > np.iinfo(np.uint8).max:
        raise Rejected("`data` has values that are no UINT8.", hint="Send whole numbers of 0 to 255.")
    return wide.astype(np.uint8)


def _wanted(asked: Json) -> dict[str, bool]:
    """The wanted outputs in order, and whether each is to be binary; without a wish all of them."""
    usual = _parameters(asked).get("binary_data_output") is True
    outputs = _fits(asked.get("outputs") or [{"name": name} for name in OUTPUTS], list, what="`outputs`")
    found = {}
    for one in outputs:
        output = _fits(one, dict, what="an output")
        name, parameters = output.get("name"), _parameters(output)
        if not isinstance(name, str) or name not in OUTPUTS:
            raise Rejected(f"there is no output {name!r}.", hint=f"Outputs: {', '.join(OUTPUTS)}.")
        found[name] = parameters.get("binary_data", usual) is True
    return found


def _parameters(holder: Json) -> Json:
    found = _fits(holder.get("parameters") or {}, dict, what="`parameters`")
    for name in ("shared_memory_region", "classification"):
        if found.get(name):
            raise Rejected(f"the parameter {name!r} is not offered here.", hint="Leave it out.")
    return dict(found)


def _fits(value: Any, kind: type[Any], *, what: str) -> Any:
    if not isinstance(value, kind):
        raise Rejected(f"{what} is not {'a list' if kind is list else 'an object'}.", hint="See docs/howto/triton.md.")
    return value


def write(said: Answered, asked: Asked) -> tuple[bytes, int | None]:
    """The answer as bytes, and how many of them are JSON where binary tensors follow, else None."""
    count = len(said.prediction)
    shapes = {"probabilities": [count, len(said.classes)], "prediction": [count], "confidence": [count]}
    outputs, tail = [], []
    for name, binary in asked.outputs.items():
        tensor: Json = {"name": name, "datatype": OUTPUTS[name], "shape": shapes[name]}
        if binary:
            tail.append(_packed(said, name))
            tensor["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            tensor["data"] = _listed(said, name)
        outputs.append(tensor)
    named: Json = {"model_name": said.model, "model_version": str(said.version)}
    more: Json = {"parameters": {"classes": json.dumps(list(said.classes))}, "outputs": outputs}
    text = json.dumps(named | ({} if asked.id is None else {"id": asked.id}) | more).encode()
    return b"".join([text, *tail]), len(text) if tail else None


def _packed(said: Answered, name: str) -> bytes:
    if name == "prediction":
        words = [word.encode() for word in said.prediction]
        return b"".join(struct.pack("<I", len(word)) + word for word in words)
    values = said.probabilities if name == "probabilities" else said.confidence
    return values.astype("<f4").tobytes()


def _listed(said: Answered, name: str) -> list[Any]:
    if name == "prediction":
        return list(said.prediction)
    return (said.probabilities if name == "probabilities" else said.confidence).ravel().tolist()
