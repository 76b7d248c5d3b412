"""The learning loop: drift reports, verdicts of the gate, and labels that somebody is asked for.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.String(64)
TIME: sa.Double[float] = sa.Double()
WORD = sa.Text()
FREE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables, and room for the figures behind a promotion."""
    op.add_column("promotions", sa.Column("detail", FREE))
    _table(
        "drift_reports",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("p", TIME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("alarm", sa.Boolean(), nullable=False),
        sa.Column("report", FREE, nullable=False),
        index=("project_id", "at"),
    )
    _table(
        "gates",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("live_id", KEY),
        sa.Column("at", TIME, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("report", FREE, nullable=False),
        index=("project_id", "version_id", "at"),
    )
    _table(
        "wanted",
        sa.Column("image_id", KEY, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("judges", sa.Boolean(), nullable=False),
        sa.Column("report_id", KEY),
        sa.Column("answered_at", TIME),
        index=("project_id", "answered_at"),
    )


def _table(name: str, *columns: sa.Column[object], index: tuple[str, ...]) -> None:
    """A table of rows of projects, which go with their project."""
    project = sa.Column("project_id", KEY, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False)
    op.create_table(name, *columns, project)
    op.create_index(f"ix_{name}_{'_'.join(index)}", name, list(index))


def downgrade() -> None:
    """Drop them."""
    for name in ("wanted", "gates", "drift_reports"):
        op.drop_table(name)
    op.drop_column("promotions", "detail")
