"""The tables of models, runs, jobs and requests; importing this module completes `tables.metadata`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sightloop.store.tables import Free, Key, Serial, in_project
from sightloop.store.tables import metadata as metadata

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("hash", String(64), nullable=False),
    Column("counts", Free, nullable=False),
    Column("created_by", Text),
    Column("created_at", Double, nullable=False),
    Index(None, "project_id", "created_at"),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("number", Integer, nullable=False),
    Column("bundle", String(64), nullable=False),
    Column("family", Text, nullable=False),
    Column("params", Free, nullable=False),
    Column("snapshot_id", Key),
    Column("metrics", Free, nullable=False),
    Column("created_by", Text),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("project_id", "number"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("job_id", Key),
    Column("version_id", Key),
    Column("snapshot_id", Key),
    Column("family", Text, nullable=False),
    Column("params", Free, nullable=False),
    Column("metrics", Free, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_by", Text),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("parent_id", Key),
    Column("kind", Text, nullable=False, server_default="training"),
    Index(None, "project_id", "started_at"),
    Index(None, "parent_id"),
)

mirrored = Table(
    "mirrored",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("local", Text, primary_key=True),
    Column("remote", Text, nullable=False),
    Column("state", Text, nullable=False),
)

points = Table(
    "points",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("run_id", Key, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("step", Double, nullable=False),
    Column("figures", Free, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "run_id", "seq"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(null=True),
    Column("kind", Text, nullable=False),
    Column("steps", Free, nullable=False),
    Column("step", Integer, nullable=False),
    Column("params", Free, nullable=False),
    Column("state", String(16), nullable=False),
    Column("progress", Double, nullable=False),
    Column("message", Text, nullable=False),
    Column("context", Free, nullable=False),
    Column("error", Text),
    Column("tries", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("worker", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("created_by", Text),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("heartbeat_at", Double),
    Column("heavy", Boolean, nullable=False),
    Column("run_after", Double),
    Column("lease_until", Double),
    Index(None, "state", "created_at"),
    Index(None, "project_id", "created_at"),
)

job_lines = Table(
    "job_lines",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("job_id", Key, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("at", Double, nullable=False),
    Column("line", Text, nullable=False),
    Index(None, "job_id", "seq"),
)

workers = Table("workers", metadata, Column("id", Text, primary_key=True), Column("seen_at", Double, nullable=False))

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),
    Column("user_id", Key, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("status", Integer),
    Column("body", Free),
    Column("created_at", Double, nullable=False),
    Index(None, "created_at"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("job_id", Key),
    Column("source", Text, nullable=False),
    Column("created_by", Text),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("detail", Free, nullable=False),
    Index(None, "project_id", "created_at"),
)

import_items = Table(
    "import_items",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("import_id", Key, ForeignKey("imports.id", ondelete="CASCADE"), nullable=False),
    Column("path", Text, nullable=False),
    Column("image_id", Key),
    Column("side", Text),
    Column("label", Text),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text),
    UniqueConstraint("import_id", "path"),
    Index(None, "image_id"),
)
