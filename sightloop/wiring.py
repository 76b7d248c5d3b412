"""What runs where: the only chooser of adapters."""

from __future__ import annotations

import contextlib
import secrets
import time

from sightloop.core.errors import Rejected
from sightloop.core.ports import Blobs, Tracker
from sightloop.flows.bundle_cache import Registry
from sightloop.flows.services import Services
from sightloop.runtime.inprocess import InProcess
from sightloop.settings import Settings
from sightloop.store.database import Database
from sightloop.store.disk import DiskBlobs
from sightloop.tracking.webhook import Webhooks


def build(settings: Settings) -> Services:
    """Everything a flow may use, from the settings; makes the data folder, the secret and the tables where missing."""
    settings.data.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database)
    db.migrate()
    blobs = _blobs(settings)
    source = Registry(db, blobs, settings.data / "cache" / "bundles")
    return Services(
        data=settings.data,
        db=db,
        blobs=blobs,
        runtime=InProcess(source, workers=settings.workers, bound=settings.queue_bound),
        secret=_secret(settings),
        weights=settings.weights_folder,
        backups=settings.backups,
        registration_open=settings.registration == "open",
        default_role=settings.default_role,
        trash_days=settings.trash_days,
        clock=time.time,
        poster=Webhooks(private=settings.webhook_private),
        notices=settings.notices,
        tracker=_tracker(settings),
    )


def _blobs(settings: Settings) -> Blobs:
    if settings.blobs_url is None:
        return DiskBlobs(settings.data)
    scheme, _, rest = settings.blobs_url.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise Rejected(f"blobs URL {settings.blobs_url!r} does not fit.", hint='Use "s3://bucket/prefix".')
    from sightloop.store.s3 import S3Blobs

    return S3Blobs(
        bucket,
        prefix,
        cache=settings.data / "cache" / "blobs",
        endpoint_url=settings.s3_endpoint_url,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
        region=settings.s3_region,
    )


def _tracker(settings: Settings) -> Tracker | None:
    if settings.mlflow_uri is None:
        return None
    from sightloop.tracking.mlflow import MLflow

    return MLflow(settings.mlflow_uri, token=settings.mlflow_token)


def _secret(settings: Settings) -> bytes:
    """The key that signs sessions: from the settings, else 48 random bytes made once in the data folder."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data / "secret.key"
    if not path.exists():
        draft = settings.data / f"secret.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip().encode()
