"""Files out of a multipart body as it streams in: to disk with a running SHA-256, or into bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from sightloop.core.errors import Overloaded, Rejected
from sightloop.core.ids import new_id
from sightloop.flows.upload import Incoming
from sightloop.web.headers import header

FIELDS = frozenset({"image", "images", "file", "files"})
MAX_FILES = 5_000
MAX_FIELDS = 50
MAX_FIELD_BYTES = 64 << 10
MAX_MEMORY = 512 << 20  # bytes of pictures that may be on their way into memory at once


@dataclass
class Part:
    """One file of a body; `refused` says why its bytes were not kept."""

    field: str
    name: str
    size: int = 0
    refused: str | None = None


class Sink(Protocol):
    """Where the bytes of one file go."""

    def write(self, data: memoryview) -> None: ...

    def close(self) -> None: ...


@dataclass
class DiskSink:
    """A temp file with a running SHA-256."""

    path: Path
    hash: hashlib._Hash = field(default_factory=hashlib.sha256)
    _file: BinaryIO | None = None

    def write(self, data: memoryview) -> None:
        if self._file is None:
            self._file = self.path.open("xb")
        self._file.write(data)
        self.hash.update(data)

    def close(self) -> None:
        if self._file is None:
            self._file = self.path.open("xb")
        self._file.close()


class Memory:
    """How many bytes of pictures are on their way into memory; one per application."""

    def __init__(self, bound: int = MAX_MEMORY) -> None:
        self._bound = bound
        self._held = 0

    def take(self, size: int) -> None:
        """Count `size` bytes in; raises Overloaded when there is no room."""
        if self._held + size > self._bound:
            raise Overloaded("too many large pictures are coming in at once.", hint="Try again in a second.")
        self._held += size

    def give(self, size: int) -> None:
        """Count `size` bytes out."""
        self._held -= size


@dataclass
class MemorySink:
    """Bytes in memory, counted."""

    memory: Memory
    data: bytearray = field(default_factory=bytearray)

    def write(self, data: memoryview) -> None:
        self.memory.take(len(data))
        self.data += data

    def close(self) -> None:
        """Nothing to finish."""

    def release(self) -> None:
        """Give the room back."""
        self.memory.give(len(self.data))


class Form:
    """The callbacks of a streaming multipart parser; keeps files and small fields."""

    def __init__(self, boundary: bytes, *, sink: Callable[[], Sink], cap: int, names: frozenset[str] = FIELDS) -> None:
        self.parts: list[tuple[Part, Sink]] = []
        self.fields: dict[str, str] = {}
        self.finished = False
        self._sink = sink
        self._cap = cap
        self._names = names
        self._name, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._part: Part | None = None
        self._field: str | None = None
        self._text = bytearray()
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def _begin(self) -> None:
        self._headers = {}
        self._part = self._field = None
        self._text = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = _text(options.get(b"name", b""))
        if b"filename" not in options:
            if len(self.fields) >= MAX_FIELDS:
                raise Rejected(f"more than {MAX_FIELDS} fields.", hint="Send fewer fields.")
            self._field = name
            return
        if len(self.parts) >= MAX_FILES:
            raise Rejected(f"more than {MAX_FILES} files in one request.", hint="Send several requests.")
        self._part = Part(name, _text(options[b"filename"]))
        if name not in self._names:
            self._part.refused = f"field {name!r} is none of {', '.join(sorted(self._names))}."
        self.parts.append((self._part, self._sink()))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part is None:
            self._text += data[start:end]
            if len(self._text) > MAX_FIELD_BYTES:
                raise Rejected(f"field {self._field!r} is longer than {MAX_FIELD_BYTES} bytes.", hint="Shorten it.")
            return
        self._part.size += end - start
        if self._part.size > self._cap and self._part.refused is None:
            self._part.refused = f"{self._part.name!r} is larger than {self._cap} bytes."
        if self._part.refused is None:
            self.parts[-1][1].write(memoryview(data)[start:end])

    def _end(self) -> None:
        if self._part is not None:
            self.parts[-1][1].close()
        elif self._field is not None:
            self.fields[self._field] = _text(bytes(self._text))

    def _finish(self) -> None:
        self.finished = True


@dataclass(frozen=True)
class Received:
    """A whole body: its files in order (`incoming` None where refused) and its other fields."""

    files: list[tuple[Part, Incoming | None]]
    fields: dict[str, str]

    @property
    def incoming(self) -> list[Incoming]:
        """The files that were kept."""
        return [one for _, one in self.files if one is not None]


@asynccontextmanager
async def files_on_disk(
    scope: Scope, receive: Receive, *, folder: Path, cap: int, names: frozenset[str] = FIELDS
) -> AsyncIterator[Received]:
    """The files of a body as temp files in `folder`; what nobody took is removed at the end, whatever happens.

    Args:
        cap: bytes per file; a larger one is refused alone and its rest is thrown away as it comes.
        names: of fields that hold files; a file in another one is refused alone.

    Raises:
        Rejected: not a multipart body, or one that breaks off.
    """
    form = Form(_boundary(scope), sink=lambda: DiskSink(folder / f"upload-{new_id()}.tmp"), cap=cap, names=names)
    try:
        await _read(form, receive)
        yield Received([(part, _incoming(part, sink)) for part, sink in form.parts], form.fields)
    finally:
        for _, sink in form.parts:
            assert isinstance(sink, DiskSink)
            with suppress(OSError):  # a full disk, of which the block has said so
                sink.close()
            sink.path.unlink(missing_ok=True)


@asynccontextmanager
async def file_in_memory(
    scope: Scope, receive: Receive, *, memory: Memory, cap: int
) -> AsyncIterator[tuple[bytes, dict[str, str]]]:
    """The one file of a body and its other fields.

    Raises:
        Rejected: not a multipart body, not exactly one file, or a file larger than `cap` bytes.
        Overloaded: too many bytes are on their way into memory already.
    """
    form = Form(_boundary(scope), sink=lambda: MemorySink(memory), cap=cap)
    try:
        await _read(form, receive)
        if len(form.parts) != 1:
            raise Rejected(f"{len(form.parts)} files were sent, not one.", hint="Send one file as `image` or `file`.")
        part, sink = form.parts[0]
        if part.refused is not None:
            raise Rejected(part.refused, hint="Send one picture as `image` or `file`.")
        assert isinstance(sink, MemorySink)
        yield bytes(sink.data), form.fields
    finally:
        for _, sink in form.parts:
            assert isinstance(sink, MemorySink)
            sink.release()


async def _read(form: Form, receive: Receive) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        try:
            form.parser.write(message.get("body", b""))
        except ValueError as error:  # what the parser raises for a body that breaks its grammar
            raise Rejected("the multipart body is malformed.", hint=str(error)) from error
        more = message.get("more_body", False)
    if not form.finished:
        raise Rejected("the multipart body breaks off.", hint="Send it whole, with its closing boundary.")


def _boundary(scope: Scope) -> bytes:
    given = header(scope, b"content-type") or ""
    kind, options = parse_options_header(given)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 200:
        raise Rejected(f"content type {given[:80]!r} does not fit.", hint="Send multipart/form-data with a boundary.")
    return boundary


def _incoming(part: Part, sink: Sink) -> Incoming | None:
    assert isinstance(sink, DiskSink)
    if part.refused is not None:
        return None
    return Incoming(part.name, sink.path, sink.hash.hexdigest(), part.size)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
