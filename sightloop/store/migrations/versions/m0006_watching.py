"""What follows a promotion, and what the outside is told: watches, failures of models, notices and who gets them.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.String(64)
TIME: sa.Double[float] = sa.Double()
WORD = sa.Text()
FREE = sa.JSON().with_variant(JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "watches",
        sa.Column("id", KEY, primary_key=True),
        _project(null=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("replaced_id", KEY),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("report", FREE, nullable=False),
    )
    op.create_index("ix_watches_project_id_began_at", "watches", ["project_id", "began_at"])
    op.create_table(
        "mishaps",
        _serial(),
        _project(null=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("what", WORD, nullable=False),
    )
    op.create_index("ix_mishaps_version_id_at", "mishaps", ["version_id", "at"])
    _notices()


def _notices() -> None:
    op.create_table(
        "notices",
        _serial(),
        _project(null=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("sentence", WORD, nullable=False),
        sa.Column("detail", FREE, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhooks",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("url", WORD, nullable=False),
        sa.Column("secret", WORD, nullable=False),
        sa.Column("created_by", WORD),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("notice", SERIAL, sa.ForeignKey("notices.seq", ondelete="CASCADE"), primary_key=True),
        sa.Column("target", KEY, primary_key=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME),
        sa.Column("delivered_at", TIME),
        sa.Column("error", WORD),
    )
    op.create_index("ix_deliveries_next_at", "deliveries", ["next_at"])


def _serial() -> sa.Column[int]:
    return sa.Column("seq", SERIAL, primary_key=True, autoincrement=True)


def _project(*, null: bool) -> sa.Column[str]:
    """The project that a row goes with."""
    return sa.Column("project_id", KEY, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=null)


def downgrade() -> None:
    """Drop them."""
    for name in ("deliveries", "webhooks", "notices", "mishaps", "watches"):
        op.drop_table(name)
