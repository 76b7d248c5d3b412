"""Masks that people drew, and what models expect of theirs.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which are empty for pictures that were only classified."""
    op.add_column("images", sa.Column("mask", sa.String(64)))
    op.add_column("images", sa.Column("agreement", sa.Double()))
    op.add_column("images", sa.Column("certainty", sa.Double()))
    op.add_column("images", sa.Column("action", sa.Text()))
    op.add_column("labels", sa.Column("mask", sa.String(64)))
    op.add_column("predictions", sa.Column("figures", sa.JSON().with_variant(JSONB(), "postgresql")))
    op.create_index("ix_labels_mask", "labels", ["mask"])


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("ix_labels_mask", "labels")
    op.drop_column("predictions", "figures")
    op.drop_column("labels", "mask")
    for name in ("action", "certainty", "agreement", "mask"):
        op.drop_column("images", name)
