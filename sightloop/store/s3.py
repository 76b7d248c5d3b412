"""Blobs in an S3-compatible bucket, with a local cache for those that must be files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sightloop.core.errors import Missing, Rejected, StorageFull, Unavailable
from sightloop.core.ports import BlobStat
from sightloop.store import disk

ABSENT: Final = {"404", "NoSuchKey", "NotFound"}
FULL: Final = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"}


class S3Blobs:
    """Blobs under `s3://bucket/prefix`; `cache` is a local folder that may be emptied while nothing runs."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        cache: Path,
        endpoint_url: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        region: str | None = None,
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.cache = disk.DiskBlobs(cache)
        self._client = _client(
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            region_name=region,
        )

    @property
    def incoming(self) -> Path:
        return self.cache.incoming

    def put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.has(sha256):
            with _said():
                self._client.put_object(Bucket=self.bucket, Key=self._blob(sha256), Body=data)
        return sha256

    def adopt(self, path: Path, sha256: str) -> None:
        if not self.has(sha256):
            with _said():
                self._client.upload_file(str(path), self.bucket, self._blob(sha256))
        self.cache.adopt(path, sha256)

    def get(self, sha256: str) -> bytes:
        if self.cache.has(sha256):
            return self.cache.get(sha256)
        found = self._get(self._blob(sha256))
        if found is None:
            raise Missing(f"no blob {sha256}.", hint="Run sightloop check.")
        return found

    def path(self, sha256: str) -> Path:
        if not self.cache.has(sha256):
            data = self.get(sha256)
            if hashlib.sha256(data).hexdigest() != sha256:
                raise Unavailable(f"blob {sha256} came back damaged.", hint="Run sightloop check.")
            self.cache.put(data)
        return self.cache.path(sha256)

    def has(self, sha256: str) -> bool:
        with _said(absent_is_fine=True):
            self._client.head_object(Bucket=self.bucket, Key=self._blob(sha256))
            return True
        return False

    def delete(self, sha256: str) -> None:
        with _said():
            for key in [self._blob(sha256), *self._keys(self._derived(sha256, ""))]:
                self._client.delete_object(Bucket=self.bucket, Key=key)
        self.cache.delete(sha256)

    def walk(self) -> Iterator[BlobStat]:
        with _said():
            for found in self._list(f"{self.prefix}blobs/"):
                name = found["Key"].rpartition("/")[2]
                if disk.SHA256.fullmatch(name):
                    yield BlobStat(name, found["Size"], found["LastModified"].timestamp())

    def keep(self, kind: str, sha256: str, data: bytes) -> None:
        with _said():
            self._client.put_object(Bucket=self.bucket, Key=self._derived(sha256, disk.checked_kind(kind)), Body=data)
        self.cache.keep(kind, sha256, data)

    def kept(self, kind: str, sha256: str) -> bytes | None:
        found = self.cache.kept(kind, sha256)
        if found is None:
            found = self._get(self._derived(sha256, disk.checked_kind(kind)))
            if found is not None:
                self.cache.keep(kind, sha256, found)
        return found

    def check(self) -> None:
        key = f"{self.prefix}check"
        with _said():
            self._client.put_object(Bucket=self.bucket, Key=key, Body=b"check")
            self._client.delete_object(Bucket=self.bucket, Key=key)
        self.cache.check()

    def _get(self, key: str) -> bytes | None:
        with _said(absent_is_fine=True):
            data: bytes = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return data
        return None

    def _list(self, prefix: str) -> Iterator[Any]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            yield from page.get("Contents", ())

    def _keys(self, prefix: str) -> list[str]:
        return [found["Key"] for found in self._list(prefix)]

    def _blob(self, sha256: str) -> str:
        return f"{self.prefix}blobs/{disk.checked(sha256)[:2]}/{sha256}"

    def _derived(self, sha256: str, kind: str) -> str:
        return f"{self.prefix}derived/{disk.checked(sha256)[:2]}/{sha256}/{kind}"


def _client(**words: str | None) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError as error:
        raise Rejected(f"S3 needs {error.name!r}.", hint='Install "sightloop[s3]".') from error
    config = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"})
    given: Any = {name: word for name, word in words.items() if word is not None}
    return boto3.client("s3", config=config, **given)


@contextmanager
def _said(*, absent_is_fine: bool = False) -> Iterator[None]:
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
        if absent_is_fine and code in ABSENT:
            return
        if code in FULL:
            raise StorageFull("the bucket is full.", hint="Nothing was half-stored.") from error
        raise Unavailable(
            f"the bucket does not answer: {error}", hint="Check SIGHTLOOP_S3_* and the network."
        ) from error
