"""Every table, its columns and indexes; times are seconds since 1970, ids are text, free values are JSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key: TypeEngine[str] = String(64)
Free: TypeEngine[Any] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Serial: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
Sortable: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")  # sorts by code point everywhere


def _id() -> Column[str]:
    return Column("id", Key, primary_key=True)


def _seq() -> Column[int]:
    return Column("seq", Serial, primary_key=True, autoincrement=True)


def in_project(*, null: bool = False) -> Column[str]:
    """The project that a row belongs to, and goes with."""
    return Column("project_id", Key, ForeignKey("projects.id", ondelete="CASCADE"), nullable=null)


def _of_image() -> Column[str]:
    return Column("image_id", Key, ForeignKey("images.id", ondelete="CASCADE"), nullable=False)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Double, nullable=null)


def _count(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _free(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Free, nullable=null)


users = Table(
    "users",
    metadata,
    _id(),
    Column("email", Text, nullable=False, unique=True),
    _text("name"),
    _text("role"),
    _time("created_at"),
    _time("disabled_at", null=True),
    _text("password_hash"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("jti", Key, primary_key=True),
    Column("user_id", Key, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    _time("started_at"),
    _time("seen_at"),
    _time("expires_at"),
    _time("ended_at", null=True),
)

failures = Table("failures", metadata, _seq(), _text("key"), _time("at"), Index(None, "key", "at"))

tokens = Table(
    "tokens",
    metadata,
    _id(),
    Column("user_id", Key, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    _text("name"),
    Column("digest", Text, nullable=False, unique=True),
    _free("scopes"),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("revoked_at", null=True),
)

projects = Table(
    "projects",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _text("title"),
    _text("task"),
    _text("recipe"),
    _free("classes"),
    Column("floor", Double, nullable=False),
    _free("settings"),
    _text("created_by", null=True),
    _time("created_at"),
    _count("revision"),
    Column("live_version_id", Key),
    Column("previous_version_id", Key),
)

members = Table(
    "members",
    metadata,
    Column("project_id", Key, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Key, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    _text("role"),
    _time("added_at"),
)

promotions = Table(
    "promotions",
    metadata,
    _seq(),
    in_project(),
    Column("version_id", Key, nullable=False),
    Column("replaced_id", Key),
    _text("action"),
    _text("by", null=True),
    _text("reason"),
    _time("created_at"),
    Column("detail", Free),
    Index(None, "project_id", "seq"),
    sqlite_autoincrement=True,
)

# The three `ix_images_by_*` indexes hold every column a filter reads, so that a page is one short index scan whatever
# the filter. tab, corrected, trashed, surety, name_key, issues and waiting are derived in changes.py from the others.
_FILTERED = (
    "tab", "status", "shown", "label", "verified", "corrected", "side", "site", "source", "issues", "group_id",
)  # fmt: skip

images = Table(
    "images",
    metadata,
    _id(),
    in_project(),
    Column("sha256", String(64), nullable=False, index=True),
    _text("name"),
    _text("media_type"),
    _count("size"),
    _time("created_at"),
    _text("status"),
    _text("reason", null=True),
    Column("duplicate_of", Key),
    _count("width", null=True),
    _count("height", null=True),
    _text("source"),
    _text("site", null=True),
    _time("captured_at", null=True),
    _text("uploaded_by", null=True),
    Column("pixel_hash", String(64)),
    Column("phash", String(16)),
    Column("group_id", Key, index=True),
    _text("side"),
    _free("quality"),
    _free("meta"),
    _text("predicted", null=True),
    Column("confidence", Double),
    Column("prediction_id", Key),
    Column("version_id", Key),
    _text("shown", null=True),
    _text("label", null=True),
    _text("labelled_by", null=True),
    _time("labelled_at", null=True),
    _flag("verified"),
    _count("revision"),
    _time("trashed_at", null=True),
    Column("mask", String(64)),
    Column("agreement", Double),
    Column("certainty", Double),
    _text("action", null=True),
    _text("tab"),
    _flag("corrected"),
    _flag("trashed"),
    Column("surety", Double, nullable=False),
    Column("name_key", Sortable, nullable=False),
    _text("issues"),
    Column("waiting", Integer, nullable=False),
    UniqueConstraint("project_id", "sha256"),
    Index(None, "project_id", "pixel_hash"),
    Index("ix_images_by_time", "project_id", "trashed", "created_at", "id", *_FILTERED, "surety", "name_key"),
    Index("ix_images_by_surety", "project_id", "trashed", "surety", "id", *_FILTERED, "name_key"),
    Index("ix_images_by_name", "project_id", "trashed", "name_key", "id", *_FILTERED, "surety"),
    Index(
        "ix_images_waiting",
        "project_id",
        "id",
        "waiting",
        sqlite_where=text("waiting > 0"),
        postgresql_where=text("waiting > 0"),
    ),
    Index(
        "ix_images_trash",
        "trashed_at",
        sqlite_where=text("trashed_at IS NOT NULL"),
        postgresql_where=text("trashed_at IS NOT NULL"),
    ),
    Index(
        "ix_images_copies",
        "duplicate_of",
        sqlite_where=text("duplicate_of IS NOT NULL"),
        postgresql_where=text("duplicate_of IS NOT NULL"),
    ),
)

groups = Table(
    "groups",
    metadata,
    _seq(),
    Column("id", Key, nullable=False, unique=True),
    in_project(),
    Column("phash", String(16), nullable=False),
    _text("site", null=True),
    _time("captured_at", null=True),
    _text("side"),
    Index(None, "project_id", "seq"),
    sqlite_autoincrement=True,
)

tallies = Table(
    "tallies",
    metadata,
    Column("project_id", Key, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("facet", String(16), primary_key=True),
    Column("key", Text, primary_key=True),
    _count("n"),
    sqlite_with_rowid=False,  # thousands of rows of a project are read at once: they lie together
)

events = Table(
    "events",
    metadata,
    _seq(),
    in_project(),
    Column("image_id", Key, nullable=False),
    _text("kind"),
    _text("by", null=True),
    _time("at"),
    _free("detail"),
    Index(None, "image_id", "seq"),
    sqlite_autoincrement=True,
)

predictions = Table(
    "predictions",
    metadata,
    _id(),
    _of_image(),
    in_project(),
    Column("version_id", Key, nullable=False),
    _text("predicted"),
    _text("shown"),
    Column("confidence", Double, nullable=False),
    _free("probabilities"),
    _text("route"),
    Column("seconds", Double, nullable=False),
    Column("off_domain", Double),
    _time("created_at"),
    _free("figures", null=True),
    Index(None, "image_id"),
)

labels = Table(
    "labels",
    metadata,
    _id(),
    _of_image(),
    in_project(),
    _text("value", null=True),
    _text("action"),
    _text("by", null=True),
    _time("created_at"),
    Column("mask", String(64), index=True),
    Index(None, "image_id"),
    Index(None, "project_id", "created_at"),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("image_id", Key, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("version_id", Key, primary_key=True),
    in_project(),
    Column("vector", LargeBinary, nullable=False),
    Index(None, "project_id", "version_id"),
)

doubts = Table(
    "doubts",
    metadata,
    Column("image_id", Key, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    in_project(),
    _text("by", null=True),
    _time("at"),
    Index(None, "project_id"),
)
