"""Alembic migrations, run from Python on a connection that is already in a transaction."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

FOLDER = Path(__file__).parent
HEAD = "0006"


def upgrade(db: Connection) -> None:
    """Run the migrations that `db` lacks; nothing is loaded where there are none."""
    if revision(db) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = db
    command.upgrade(config, "head")


def revision(db: Connection) -> str | None:
    """The newest migration that `db` has seen; None for an empty database."""
    if not inspect(db).has_table("alembic_version"):
        return None
    return db.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
