"""Doubts in what is shown of an image.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "doubts",
        sa.Column("image_id", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", name="pk_doubts"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_doubts_image_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_doubts_project_id", ondelete="CASCADE"),
    )
    op.create_index("ix_doubts_project_id", "doubts", ["project_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("doubts")
