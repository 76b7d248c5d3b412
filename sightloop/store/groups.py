"""Which group of near-duplicates a picture belongs to, and the side that group is on for ever.

A group is led by its first picture. A picture joins by a perceptual hash at most 6 bits from the leader's (never by
chaining), by the same site (patient, camera), or by a capture time within ten seconds of the leader's at its site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, event, func, insert, select

from sightloop.core import splits
from sightloop.core.entities import Json, Side
from sightloop.store import changes
from sightloop.store.tables import groups, images

NEAR: Final = 6  # bits of 64
BURST_SECONDS: Final = 10.0
BURST_LIMIT: Final = 100  # a camera whose clock stands still is no burst
_BITS: Final[NDArray[np.uint8]] = np.array([value.bit_count() for value in range(1 << 16)], np.uint8)


@dataclass(frozen=True)
class Newcomer:
    """What grouping needs to know of a picture; `own_side` is the side it was published on, `site` None is no site."""

    image_id: str
    sha256: str
    phash: str
    site: str | None = None
    captured_at: float | None = None
    own_side: Side | None = None


@dataclass(frozen=True)
class Place:
    """Where a picture belongs; `near` says that its leader looks nearly the same."""

    group_id: str
    side: Side
    near: bool = False


def assign(
    db: Connection,
    newcomer: Newcomer,
    *,
    project_id: str,
    ratios: tuple[float, float, float] = splits.DEFAULT_RATIOS,
) -> Place:
    """The group and side of one picture, making the group where there is none; call it in a write transaction."""
    placing = Placing(db, project_id=project_id, ratios=ratios)
    place = placing.place(newcomer)
    placing.close()
    return place


class Placing:
    """Places many pictures of a project in one write transaction; `close` writes the groups it made."""

    def __init__(self, db: Connection, *, project_id: str, ratios: tuple[float, float, float]) -> None:
        changes.hold(db, project_id)
        self._db = db
        self._project_id = project_id
        self._ratios = ratios
        self._known = _leaders(db, project_id)
        self._made: list[Json] = []
        self._joined: Counter[str] = Counter()

    def place(self, newcomer: Newcomer) -> Place:
        """The group and side of one picture."""
        known = self._known
        near = known.near(int(newcomer.phash, 16))
        found = [*near, *known.by_site(newcomer.site), *self._bursts(newcomer)]
        if not found:
            side = newcomer.own_side or splits.side_of(newcomer.sha256, self._ratios)
            self._lead(newcomer, side)
            return Place(newcomer.image_id, side)
        sides = [known.sides[index] for index in found]
        side = splits.join(sides) if newcomer.own_side is None else own_side(newcomer.own_side, sides)
        self._joined[known.ids[found[0]]] += 1
        return Place(known.ids[found[0]], side, near=bool(near))

    def side_again(self, newcomer: Newcomer) -> Side:
        """The side that a picture which has its group already would get if it came now."""
        known = self._known
        near = known.near(int(newcomer.phash, 16))
        found = [*near, *known.by_site(newcomer.site), *self._bursts(newcomer)]
        return splits.join([known.sides[index] for index in found])

    def close(self) -> None:
        """Write the groups made; without it the transaction must be rolled back."""
        if self._made:
            statement = insert(groups).returning(groups.c.seq)
            self._known.seq = max(self._db.execute(statement, self._made).scalars())
            self._made = []

    def _lead(self, newcomer: Newcomer, side: Side) -> None:
        at, site = newcomer.captured_at, newcomer.site
        values: Json = {"id": newcomer.image_id, "project_id": self._project_id, "phash": newcomer.phash}
        self._made.append(values | {"site": site, "captured_at": at, "side": side})
        self._known.add(self._known.seq, newcomer.image_id, newcomer.phash, site, at, side)

    def _bursts(self, newcomer: Newcomer) -> list[int]:
        found = self._known.at(newcomer.captured_at, newcomer.site)
        return [index for index in found if self._members(self._known.ids[index]) < BURST_LIMIT]

    def _members(self, group_id: str) -> int:
        some = select(images.c.id).where(images.c.group_id == group_id).limit(BURST_LIMIT).subquery()
        kept = self._db.execute(select(func.count()).select_from(some)).scalar_one()
        return kept + self._joined[group_id]


def own_side(own: Side, others: Iterable[Side]) -> Side:
    """The side a picture was published on, except that it never trains where one of its `others` judges.

    A group on no side was taken off its own because one of its pictures judges (see `judges`).
    """
    return "none" if own in ("train", "calibration") and {"test", "none"} & set(others) else own


def near_copies(looks: NDArray[np.uint64], phash: int) -> NDArray[np.int64]:
    """Which of the (n,) perceptual hashes are within NEAR bits of one, nearest first, the older first among equals."""
    bits = _BITS[(looks ^ np.uint64(phash)).view(np.uint16)].reshape(-1, 4).sum(axis=1, dtype=np.uint8)
    found = np.flatnonzero(bits <= NEAR)
    return found[np.argsort(bits[found], kind="stable")]


def turn(db: Connection, project_id: str, sides: Mapping[str, Side]) -> None:
    """Put groups on other sides from the next transaction on: their rows are numbered anew, as if they came last."""
    changes.hold(db, project_id)
    query = select(*(c for c in groups.c if c.name != "seq")).where(groups.c.id.in_(list(sides)))
    found = [dict(row) for row in db.execute(query).mappings()]
    if found:
        db.execute(delete(groups).where(groups.c.id.in_([row["id"] for row in found])))
        db.execute(insert(groups), [row | {"side": sides[row["id"]]} for row in found])


def lead(db: Connection, project_id: str, looks: Mapping[str, str], *, side: Side) -> None:
    """Let pictures of these perceptual hashes lead beside the leader of their group, so that their copies meet them."""
    values = {"project_id": project_id, "site": None, "captured_at": None, "side": side}
    there = set(db.execute(select(groups.c.id).where(groups.c.id.in_(list(looks)))).scalars())
    fresh = [values | {"id": name, "phash": phash} for name, phash in looks.items() if name not in there]
    if fresh:
        db.execute(insert(groups), fresh)


@dataclass
class _Leaders:
    """The leaders of a project's groups in order; arrays grow by doubling."""

    seq: int = 0
    ids: list[str] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)
    sites: dict[str, int] = field(default_factory=dict)
    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(1024, np.uint64))
    times: NDArray[np.float64] = field(default_factory=lambda: np.full(1024, np.nan))
    places: list[str | None] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)

    def add(self, seq: int, group_id: str, phash: str, site: str | None, captured_at: float | None, side: Side) -> None:
        """A leader, or another side of one that is known."""
        n = len(self.ids)
        self.seq = seq
        if group_id in self.index:
            self.sides[self.index[group_id]] = side
            return
        if n == len(self.hashes):
            self.hashes = np.concatenate([self.hashes, np.zeros(n, np.uint64)])
            self.times = np.concatenate([self.times, np.full(n, np.nan)])
        self.hashes[n] = int(phash, 16)
        self.times[n] = np.nan if captured_at is None else captured_at
        if site is not None:
            self.sites.setdefault(site, n)
        self.index[group_id] = n
        self.ids.append(group_id)
        self.sides.append(side)
        self.places.append(site)

    def near(self, phash: int) -> list[int]:
        """Leaders within NEAR bits, nearest first, the older first among equals."""
        return [int(index) for index in near_copies(self.hashes[: len(self.ids)], phash)]

    def by_site(self, site: str | None) -> list[int]:
        return [] if site is None or site not in self.sites else [self.sites[site]]

    def at(self, when: float | None, site: str | None) -> list[int]:
        """Leaders taken within BURST_SECONDS of `when` at the same site."""
        if when is None:
            return []
        found = np.flatnonzero(np.abs(self.times[: len(self.ids)] - when) <= BURST_SECONDS)
        return [int(index) for index in found if self.places[index] == site]


_SEEN: Final = "projects whose leaders this transaction has read"
_CACHES: WeakKeyDictionary[Engine, dict[str, _Leaders]] = WeakKeyDictionary()


def _leaders(db: Connection, project_id: str) -> _Leaders:
    """All leaders, those of this transaction too; only rows newer than the last look are read, once a transaction."""
    cache = _CACHES.get(db.engine)
    if cache is None:
        cache = _CACHES[db.engine] = {}
        event.listen(db.engine, "rollback", _forget)
        event.listen(db.engine, "commit", _settle)
    known = cache.setdefault(project_id, _Leaders())
    seen: set[str] = db.info.setdefault(_SEEN, set())
    if project_id in seen:
        return known
    seen.add(project_id)
    c = groups.c
    query = select(c.seq, c.id, c.phash, c.site, c.captured_at, c.side)
    for row in db.execute(query.where(c.project_id == project_id, c.seq > known.seq).order_by(c.seq)):
        known.add(*row)
    return known


def _forget(db: Connection) -> None:
    """A rolled back transaction may have shown us leaders that never were."""
    cache = _CACHES.get(db.engine, {})
    if db.invalidated:
        cache.clear()
        return
    for project_id in db.info.pop(_SEEN, ()):
        cache.pop(project_id, None)


def _settle(db: Connection) -> None:
    db.info.pop(_SEEN, None)


def sides(db: Connection, group_ids: Sequence[str]) -> dict[str, Side]:
    """The side of each group."""
    query = select(groups.c.id, groups.c.side).where(groups.c.id.in_(list(group_ids)))
    return {row.id: row.side for row in db.execute(query)}
