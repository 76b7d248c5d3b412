"""The tables of the learning loop: drift reports, verdicts of the gate, and labels that somebody is asked for."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text

from sightloop.store.registry_tables import metadata as metadata
from sightloop.store.tables import Free, Key, in_project

drift_reports = Table(
    "drift_reports",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("version_id", Key, nullable=False),
    Column("at", Double, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("n", Integer, nullable=False),
    Column("p", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("alarm", Boolean, nullable=False),
    Column("report", Free, nullable=False),
    Index(None, "project_id", "at"),
)

gates = Table(
    "gates",
    metadata,
    Column("id", Key, primary_key=True),
    in_project(),
    Column("version_id", Key, nullable=False),
    Column("live_id", Key),
    Column("at", Double, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("report", Free, nullable=False),
    Index(None, "project_id", "version_id", "at"),
)

wanted = Table(
    "wanted",
    metadata,
    Column("image_id", Key, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    in_project(),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("judges", Boolean, nullable=False),
    Column("report_id", Key),
    Column("answered_at", Double),
    Index(None, "project_id", "answered_at"),
)
