"""The first tables.

Revision ID: 0001

Written as words instead of generated calls: `name:kind`, with "?" where the value may be absent.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KINDS: dict[str, Any] = {
    "str16": sa.String(16),
    "str64": sa.String(64),
    "text": sa.Text(),
    "sorted": sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
    "real": sa.Double(),
    "big": sa.BigInteger(),
    "serial": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "int": sa.Integer(),
    "bool": sa.Boolean(),
    "bytes": sa.LargeBinary(),
    "json": sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
}

TABLES = {
    "failures": "seq:serial key:text at:real",
    "idempotency": "key:text user_id:str64 route:text digest:text status:int? body:json? created_at:real",
    "projects": """
        id:str64 name:text title:text task:text recipe:text classes:json floor:real settings:json created_by:text?
        created_at:real revision:big live_version_id:str64? previous_version_id:str64?
    """,
    "users": "id:str64 email:text name:text role:text created_at:real disabled_at:real? password_hash:text",
    "workers": "id:text seen_at:real",
    "events": "seq:serial project_id:str64 image_id:str64 kind:text by:text? at:real detail:json",
    "groups": "seq:serial id:str64 project_id:str64 phash:str16 site:text? captured_at:real? side:text",
    "images": """
        id:str64 project_id:str64 sha256:str64 name:text media_type:text size:big created_at:real status:text
        reason:text? duplicate_of:str64? width:big? height:big? source:text site:text? captured_at:real?
        uploaded_by:text? pixel_hash:str64? phash:str16? group_id:str64? side:text quality:json meta:json
        predicted:text? confidence:real? prediction_id:str64? version_id:str64? shown:text? label:text?
        labelled_by:text? labelled_at:real? verified:bool revision:big trashed_at:real? tab:text corrected:bool
        trashed:bool surety:real name_key:sorted issues:text waiting:int
    """,
    "imports": """
        id:str64 project_id:str64 job_id:str64? source:text created_by:text? created_at:real finished_at:real?
        detail:json
    """,
    "jobs": """
        id:str64 project_id:str64? kind:text steps:json step:int params:json state:str16 progress:real message:text
        context:json error:text? tries:int fence:big worker:text? cancel_requested:bool created_by:text?
        created_at:real started_at:real? finished_at:real? heartbeat_at:real? heavy:bool run_after:real?
        lease_until:real?
    """,
    "members": "project_id:str64 user_id:str64 role:text added_at:real",
    "promotions": """
        seq:serial project_id:str64 version_id:str64 replaced_id:str64? action:text by:text? reason:text
        created_at:real
    """,
    "runs": """
        id:str64 project_id:str64 job_id:str64? version_id:str64? snapshot_id:str64? family:text params:json
        metrics:json state:text created_by:text? started_at:real finished_at:real?
    """,
    "sessions": "jti:str64 user_id:str64 started_at:real seen_at:real expires_at:real ended_at:real?",
    "snapshots": "id:str64 project_id:str64 hash:str64 counts:json created_by:text? created_at:real",
    "tallies": "project_id:str64 facet:str16 key:text n:big",
    "tokens": """
        id:str64 user_id:str64 name:text digest:text scopes:json created_at:real expires_at:real? revoked_at:real?
    """,
    "versions": """
        id:str64 project_id:str64 number:int bundle:str64 family:text params:json snapshot_id:str64? metrics:json
        created_by:text? created_at:real
    """,
    "embeddings": "image_id:str64 version_id:str64 project_id:str64 vector:bytes",
    "import_items": """
        seq:serial import_id:str64 path:text image_id:str64? side:text? label:text? outcome:str16 reason:text?
    """,
    "job_lines": "seq:serial job_id:str64 at:real line:text",
    "labels": "id:str64 image_id:str64 project_id:str64 value:text? action:text by:text? created_at:real",
    "points": "seq:serial run_id:str64 step:real figures:json at:real",
    "predictions": """
        id:str64 image_id:str64 project_id:str64 version_id:str64 predicted:text shown:text confidence:real
        probabilities:json route:text seconds:real off_domain:real? created_at:real
    """,
}
KEYS = {
    "failures": "seq",
    "idempotency": "key user_id route",
    "projects": "id",
    "users": "id",
    "workers": "id",
    "events": "seq",
    "groups": "seq",
    "images": "id",
    "imports": "id",
    "jobs": "id",
    "members": "project_id user_id",
    "promotions": "seq",
    "runs": "id",
    "sessions": "jti",
    "snapshots": "id",
    "tallies": "project_id facet key",
    "tokens": "id",
    "versions": "id",
    "embeddings": "image_id version_id",
    "import_items": "seq",
    "job_lines": "seq",
    "labels": "id",
    "points": "seq",
    "predictions": "id",
}
REFERENCES = {
    "events": "project_id:projects",
    "groups": "project_id:projects",
    "images": "project_id:projects",
    "imports": "project_id:projects",
    "jobs": "project_id:projects",
    "members": "project_id:projects user_id:users",
    "promotions": "project_id:projects",
    "runs": "project_id:projects",
    "sessions": "user_id:users",
    "snapshots": "project_id:projects",
    "tallies": "project_id:projects",
    "tokens": "user_id:users",
    "versions": "project_id:projects",
    "embeddings": "image_id:images project_id:projects",
    "import_items": "import_id:imports",
    "job_lines": "job_id:jobs",
    "labels": "image_id:images project_id:projects",
    "points": "run_id:runs",
    "predictions": "image_id:images project_id:projects",
}
UNIQUE = {
    "projects": ["name"],
    "users": ["email"],
    "groups": ["id"],
    "images": ["project_id sha256"],
    "tokens": ["digest"],
    "versions": ["project_id number"],
    "import_items": ["import_id path"],
}
NEVER_REUSED = ("events", "groups", "promotions")
TOGETHER = ("tallies",)  # rows lie in the order of their key, without a second look-up
FILTERED = "tab status shown label verified corrected side site source issues group_id"
INDEXES = (
    ("ix_failures_key_at", "failures", "key at", None),
    ("ix_idempotency_created_at", "idempotency", "created_at", None),
    ("ix_events_image_id_seq", "events", "image_id seq", None),
    ("ix_groups_project_id_seq", "groups", "project_id seq", None),
    (
        "ix_images_by_name",
        "images",
        f"project_id trashed name_key id {FILTERED} surety",
        None,
    ),
    (
        "ix_images_by_surety",
        "images",
        f"project_id trashed surety id {FILTERED} name_key",
        None,
    ),
    (
        "ix_images_by_time",
        "images",
        f"project_id trashed created_at id {FILTERED} surety name_key",
        None,
    ),
    ("ix_images_copies", "images", "duplicate_of", "duplicate_of IS NOT NULL"),
    ("ix_images_group_id", "images", "group_id", None),
    ("ix_images_project_id_pixel_hash", "images", "project_id pixel_hash", None),
    ("ix_images_sha256", "images", "sha256", None),
    ("ix_images_trash", "images", "trashed_at", "trashed_at IS NOT NULL"),
    ("ix_images_waiting", "images", "project_id id waiting", "waiting > 0"),
    ("ix_imports_project_id_created_at", "imports", "project_id created_at", None),
    ("ix_jobs_project_id_created_at", "jobs", "project_id created_at", None),
    ("ix_jobs_state_created_at", "jobs", "state created_at", None),
    ("ix_members_user_id", "members", "user_id", None),
    ("ix_promotions_project_id_seq", "promotions", "project_id seq", None),
    ("ix_runs_project_id_started_at", "runs", "project_id started_at", None),
    ("ix_sessions_user_id", "sessions", "user_id", None),
    ("ix_snapshots_project_id_created_at", "snapshots", "project_id created_at", None),
    ("ix_tokens_user_id", "tokens", "user_id", None),
    ("ix_embeddings_project_id_version_id", "embeddings", "project_id version_id", None),
    ("ix_import_items_image_id", "import_items", "image_id", None),
    ("ix_job_lines_job_id_seq", "job_lines", "job_id seq", None),
    ("ix_labels_image_id", "labels", "image_id", None),
    ("ix_labels_project_id_created_at", "labels", "project_id created_at", None),
    ("ix_points_run_id_seq", "points", "run_id seq", None),
    ("ix_predictions_image_id", "predictions", "image_id", None),
)


def upgrade() -> None:
    """Make every table, then every index."""
    for table, words in TABLES.items():
        columns = [_column(word) for word in words.split()]
        options = {"sqlite_autoincrement": table in NEVER_REUSED, "sqlite_with_rowid": table not in TOGETHER}
        op.create_table(table, *columns, *_constraints(table), **options)
    for name, table, columns_, where in INDEXES:
        only = None if where is None else sa.text(where)
        op.create_index(name, table, columns_.split(), sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Drop every table, the last first."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _column(word: str) -> sa.Column[Any]:
    name, kind = word.split(":")
    serial = kind == "serial"
    return sa.Column(name, KINDS[kind.rstrip("?")], nullable=kind.endswith("?"), autoincrement=serial)


def _constraints(table: str) -> list[sa.Constraint]:
    found: list[sa.Constraint] = [sa.PrimaryKeyConstraint(*KEYS[table].split(), name=f"pk_{table}")]
    for columns in UNIQUE.get(table, ()):
        found += [sa.UniqueConstraint(*columns.split(), name=f"uq_{table}_{columns.replace(' ', '_')}")]
    for pair in REFERENCES.get(table, "").split():
        column, other = pair.split(":")
        name = f"fk_{table}_{column}"
        found += [sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")]
    return found
