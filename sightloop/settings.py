"""The only reader of the environment: every setting, its default and its unit."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sightloop.core.errors import Rejected

KNOWN_SECRETS = frozenset({"changeme", "secret", "your-secret-key", "supersecretkey", "dev", "sightloop"})
MIN_SECRET_BYTES = 32
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(BaseSettings):
    """Read from SIGHTLOOP_* variables; a secret may also be named by SIGHTLOOP_<NAME>_FILE."""

    model_config = SettingsConfigDict(env_prefix="SIGHTLOOP_", env_nested_delimiter="__", frozen=True, extra="ignore")

    data: Path = Field(Path("sightloop-data"), description="Folder for the database, blobs, caches and secrets.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; SQLite inside the data folder when unset.")
    secret_key: str | None = Field(None, description="At least 32 bytes; made at first start when unset.")
    blobs_url: str | None = Field(None, description="s3://bucket/prefix; the data folder when unset.")
    s3_endpoint_url: str | None = Field(None, description="S3-compatible endpoint other than AWS.")
    s3_access_key_id: str | None = Field(None, description="S3 access key.")
    s3_secret_access_key: str | None = Field(None, description="S3 secret key.")
    s3_region: str = Field("us-east-1", description="S3 region.")
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on.")
    registration: Literal["open", "closed"] = Field("open", description="Whether strangers may register.")
    default_role: Literal["viewer", "reviewer", "maintainer"] = Field(
        "reviewer", description="Role of everyone who registers after the first."
    )
    secure_cookies: bool = Field(False, description="Mark cookies Secure; switch on behind TLS.")
    trusted_origins: tuple[str, ...] = Field((), description="Other origins that may call the API from a browser.")
    metrics_token: str | None = Field(None, description="Bearer token for /metrics from other machines.")
    weights: Path | None = Field(None, description="Folder of backbone weights; <data>/weights when unset.")
    workers: int = Field(os.cpu_count() or 1, ge=1, description="Inference threads.")
    queue_bound: int = Field(256, ge=1, description="Pictures that may wait for inference before 503.")
    max_upload_bytes: int = Field(64 << 20, ge=1, description="Largest picture, in bytes.")
    max_request_bytes: int = Field(2 << 30, ge=1, description="Largest request body, in bytes.")
    body_deadline: float = Field(120.0, gt=0, description="Seconds in which a body must arrive, plus 1 s per 256 KiB.")
    embedded_worker: bool = Field(True, description="Whether `serve` runs a job worker.")
    legacy_projects: dict[str, str] = Field(
        default_factory=dict, description="JSON: a predecessor's route, or a recipe, to the project that it is about."
    )
    legacy_open: bool = Field(False, description="Whether the predecessors' routes need no token; on loopback only.")
    backups: Path | None = Field(None, description="Folder for a backup a day, of which five are kept; off when unset.")
    mlflow_uri: str | None = Field(None, description="MLflow server that gets a copy of every run; off when unset.")
    mlflow_token: str | None = Field(None, description="Bearer token for the MLflow server or the proxy before it.")
    notices: Path | None = Field(
        None, description="Folder that gets a JSON file and a mail per notice; off when unset."
    )
    webhook_private: bool = Field(False, description="Whether webhooks may lead into this machine and its networks.")
    trash_days: float = Field(30.0, ge=0, description="Days a deleted picture can be restored.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least serious log line.")

    @field_validator("legacy_open")
    @classmethod
    def _keep_open_routes_at_home(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("host") not in LOOPBACK:
            raise ValueError(f"needs SIGHTLOOP_HOST to be one of {', '.join(sorted(LOOPBACK))}")
        return value

    @field_validator("secret_key")
    @classmethod
    def _refuse_weak_secrets(cls, value: str | None) -> str | None:
        if value is not None and (value.lower() in KNOWN_SECRETS or len(value.encode()) < MIN_SECRET_BYTES):
            raise ValueError(f"needs at least {MIN_SECRET_BYTES} random bytes and must not be a known default")
        return value

    @field_validator("mlflow_uri")
    @classmethod
    def _refuse_other_addresses(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://unset")
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("needs http:// or https://, a host, and no password (see SIGHTLOOP_MLFLOW_TOKEN)")
        return value or None

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL that is in force."""
        return self.database_url or f"sqlite:///{(self.data / 'sightloop.db').absolute()}"

    @cached_property
    def weights_folder(self) -> Path:
        """Where backbone weights are looked for."""
        return self.weights or self.data / "weights"


def load(**overrides: Any) -> Settings:
    """Read the environment; raises Rejected with the first setting that does not fit."""
    values: dict[str, Any] = {name: value for name, value in _from_files().items() if name not in overrides}
    try:
        return Settings(**values, **overrides)
    except ValueError as error:
        raise Rejected(_sentence(error), hint="See docs/reference/settings.md.") from error


def _from_files() -> dict[str, str]:
    found = {}
    for name in Settings.model_fields:
        path = os.environ.get(f"SIGHTLOOP_{name.upper()}_FILE")
        if path:
            found[name] = Path(path).read_text().strip()
    return found


def _sentence(error: ValueError) -> str:
    details: Any = getattr(error, "errors", list)()
    if not details:
        return str(error)
    name = "_".join(str(part) for part in details[0]["loc"]).upper()
    return f"setting SIGHTLOOP_{name}: {details[0]['msg']}."
