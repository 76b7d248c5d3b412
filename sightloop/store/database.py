"""One database behind one URL: SQLite in a file, or PostgreSQL; short read connections and short write transactions."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection as Connection
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sightloop.core.errors import Rejected, SightloopError, StorageFull, Unavailable
from sightloop.store import tables, watch_tables
from sightloop.store.migrations import upgrade

BUSY_SECONDS: Final = 5
MIGRATION_TRIES: Final = 6  # each waits as long as a request would
READERS: Final = 20
NOW = {
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)"),
}
metadata = watch_tables.metadata
assert metadata is tables.metadata


def now(db: Connection) -> float:
    """The time by the database's clock, which every process agrees on; seconds since 1970."""
    return float(db.execute(NOW[db.dialect.name]).scalar_one())


def lock(db: Connection, name: str) -> None:
    """Make write transactions that name the same thing take turns until each commits; SQLite's already do."""
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


class Database:
    """Opens, migrates and copies the database at `url`; safe to share between threads, not over a fork."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url.replace("postgres://", "postgresql://", 1))
        self.dialect = self.url.get_backend_name()
        if self.dialect == "sqlite":
            self._writes, self._reads = _open_sqlite(self.path)
        elif self.dialect == "postgresql":
            self._writes = self._reads = _open_postgresql(self.url.set(drivername="postgresql+psycopg"))
        else:
            raise Rejected(f"no support for {self.dialect!r} databases.", hint="Use sqlite:/// or postgresql://.")

    @property
    def path(self) -> Path:
        """The SQLite file; raises Rejected where there is none."""
        if self.dialect != "sqlite" or not self.url.database or self.url.database == ":memory:":
            raise Rejected(f"{self.url} is not an SQLite file.", hint="For example sqlite:////srv/sightloop.db.")
        return Path(self.url.database)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A read-only connection that sees one moment of the database until it is closed.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with _translated(), self._reads.connect() as db:
            if self.dialect == "postgresql":
                db = db.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield db

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: committed at the end of the block, rolled back by any error.

        Raises:
            Unavailable: somebody else wrote for more than five seconds, or the database cannot be reached.
            StorageFull: the disk is full; nothing was written.
        """
        with _translated(), self._writes.begin() as db:
            yield db

    def now(self, db: Connection) -> float:
        """The time by the database's clock; seconds since 1970."""
        return now(db)

    def migrate(self) -> None:
        """Bring the tables up to this version's; several processes may try at once, and wait for one another.

        Raises:
            Unavailable: another process has held the database for half a minute.
        """
        for _ in range(MIGRATION_TRIES - 1):
            with suppress(Unavailable):
                self._upgrade()
                return
        self._upgrade()

    def _upgrade(self) -> None:
        with self.begin() as db:
            lock(db, "sightloop-migrate")
            upgrade(db)

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the SQLite file to the new file `path` while others go on; see `dump` for both."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)

    def close(self) -> None:
        """Close every connection."""
        self._reads.dispose()
        self._writes.dispose()


def _open_sqlite(path: Path) -> tuple[Engine, Engine]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    url = f"sqlite:///{path}"
    writes = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS)
    reads = create_engine(url, pool_size=READERS, max_overflow=READERS, pool_timeout=BUSY_SECONDS)
    _begin_with(writes, "BEGIN IMMEDIATE", readonly=False)
    _begin_with(reads, "BEGIN", readonly=True)
    return writes, reads


def _begin_with(engine: Engine, statement: str, *, readonly: bool) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # the driver would begin transactions by itself, and too late
        raw.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA cache_size = -32768")
        raw.execute(f"PRAGMA query_only = {'ON' if readonly else 'OFF'}")

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        db.exec_driver_sql(statement)


def _open_postgresql(url: Any) -> Engine:
    options = {"connect_timeout": BUSY_SECONDS, "options": f"-c lock_timeout={BUSY_SECONDS}s"}
    try:
        return create_engine(
            url, pool_size=10, max_overflow=READERS, pool_timeout=BUSY_SECONDS, pool_pre_ping=True, connect_args=options
        )
    except ModuleNotFoundError as error:
        raise Rejected(f"PostgreSQL needs {error.name!r}.", hint='Install "sightloop[postgres]".') from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(f"no database connection became free within {BUSY_SECONDS} s.") from error
    except DBAPIError as error:
        ours = _in_our_words(error)
        if ours is None:
            raise
        raise ours from error


FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100"}
BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT", "55P03", "40P01", "40001"}


def _in_our_words(error: DBAPIError) -> SightloopError | None:
    cause: Any = error.orig
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    if isinstance(error, DataError):
        return Rejected("a value cannot be stored.", hint="Text must hold no NUL, numbers must not be huge.")
    if code in FULL or getattr(cause, "errno", None) == errno.ENOSPC:
        return StorageFull("the database's disk takes no more.", hint="Free some space; nothing was written.")
    if code in BUSY:
        return Unavailable(f"the database was busy for {BUSY_SECONDS} s.", hint="Try again.")
    if code == "SQLITE_CANTOPEN" or _is_gone(code, error):
        return Unavailable("the database cannot be reached.", hint="Check the address and that it is running.")
    return None


def _is_gone(code: str | None, error: DBAPIError) -> bool:
    name = type(error.orig).__name__
    lost = error.connection_invalidated or (name == "OperationalError" and code is None)
    return lost or (code or "").startswith(("08", "57P"))
