"""Rows to records and back: a record's fields are columns of the same name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Column, Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from sightloop.core.entities import Json

R = TypeVar("R")
T = TypeVar("T")
CHUNK = 500  # values in one IN (...)


@cache
def names(record: Hashable) -> tuple[str, ...]:
    """The fields of a record, in order."""
    return tuple(field.name for field in fields(cast(Any, record)))


@cache
def columns(table: Table, record: type[Any]) -> tuple[Column[Any], ...]:
    """The columns to select for `read`, in the order of the record's fields."""
    return tuple(table.c[name] for name in names(cast(Hashable, record)))


def read(record: Callable[..., R], row: Row[Any] | Sequence[Any]) -> R:
    """The record of a row selected by `columns`; JSON lists become tuples."""
    return record(*(tuple(value) if isinstance(value, list) else value for value in row))


def values(record: object) -> Json:
    """A record's fields as values for an insert."""
    return {name: getattr(record, name) for name in names(cast(Hashable, type(record)))}


def clean(words: str) -> str:
    """A file's name or path that either database can hold: without NUL and undecodable bytes."""
    return words.encode("utf-8", "replace").decode().replace("\0", "?")


def insert_or(db: Connection, table: Table) -> Any:
    """An insert that can say `on_conflict_do_update` or `on_conflict_do_nothing` on either database."""
    dialect: Any = postgresql if db.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """`items` in lists of at most `size`."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
