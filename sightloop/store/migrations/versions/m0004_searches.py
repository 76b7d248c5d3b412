"""Runs inside runs, and what has been told to an experiment server.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table; the runs that are there are trainings of their own."""
    op.add_column("runs", sa.Column("parent_id", sa.String(64)))
    op.add_column("runs", sa.Column("kind", sa.Text(), nullable=False, server_default="training"))
    op.create_index("ix_runs_parent_id", "runs", ["parent_id"])
    op.create_table(
        "mirrored",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("local", sa.Text(), primary_key=True),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("mirrored")
    op.drop_index("ix_runs_parent_id", "runs")
    op.drop_column("runs", "kind")
    op.drop_column("runs", "parent_id")
