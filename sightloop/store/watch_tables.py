"""The tables of what follows a promotion, and of what the outside is told."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, Table, Text

from sightloop.store.loop_tables import metadata as metadata
from sightloop.store.tables import Free, Key, Serial, in_project


def _seq() -> Column[int]:
    return Column("seq", Serial, primary_key=True, autoincrement=True)


watches = Table(
    "watches",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("version_id", Key, nullable=False),
    Column("replaced_id", Key),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("report", Free, nullable=False),
    Index(None, "project_id", "began_at"),
)

mishaps = Table(
    "mishaps",
    metadata,
    _seq(),
    in_project(),
    Column("version_id", Key, nullable=False),
    Column("at", Double, nullable=False),
    Column("what", Text, nullable=False),
    Index(None, "version_id", "at"),
)

notices = Table(
    "notices",
    metadata,
    _seq(),
    in_project(null=True),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("detail", Free, nullable=False),
    sqlite_autoincrement=True,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_by", Text),
    Column("created_at", Double, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("notice", Serial, ForeignKey("notices.seq", ondelete="CASCADE"), primary_key=True),
    Column("target", Key, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("next_at", Double),
    Column("delivered_at", Double),
    Column("error", Text),
    Index(None, "next_at"),
)
