"""Which versions learnt from a picture, and where an answer comes from: picture, version, bundle, snapshot, code."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Image, Json, ModelVersion, Prediction, Project, Side, User
from sightloop.core.errors import BadBundle, Missing, Rejected
from sightloop.flows import descent, members
from sightloop.flows.access import image_for, project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.store import predictions, snapshots, versions

LEARNT: tuple[Side, ...] = ("train", "calibration")
MOST = 1000  # pictures that are asked about at once
ID = re.compile(rb'"image_id": "([^"\\]+)"')  # within a string of a manifest its quotes would be escaped


@dataclass(frozen=True)
class Met:
    """A version that carries what a picture taught, or that the picture judged.

    `side` is where it stood in that snapshot: the version's own, or of one that it is made of or went on from.
    """

    image_id: str
    version: ModelVersion
    snapshot_id: str
    side: Side
    taught: bool


@dataclass(frozen=True)
class Found:
    """What could be read of some pictures' versions; of the versions in `unread` (numbers) not everything could."""

    met: tuple[Met, ...]
    unread: tuple[int, ...]

    @property
    def taught(self) -> list[Met]:
        return [one for one in self.met if one.taught]


def of_image(services: Services, *, user: User, image_id: str) -> Json:
    """What became of a picture.

    Returns:
        {image_id, sha256, taught, judged, prediction, sentence}: rows {version, version_id, side, live, snapshot_id} of
        the versions it taught (a cascade learnt what its members did) and judged, the provenance of its present answer
        (as `of_prediction`; None where it has none), and a sentence such as "Versions 1 and 3 learnt from it; version 3
        is live." A version learnt, too, what those learnt from whose weights it went on.

    Raises:
        Missing: no such image, or not one this user may see.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="view")
    found = met(services, project, [image.id])
    return {
        "image_id": image.id,
        "sha256": image.sha256,
        "taught": [_row(one, project) for one in found.taught],
        "judged": [_row(one, project) for one in found.met if not one.taught],
        "prediction": _present(services, image, project),
        "sentence": sentence(found, project),
    }


def of_images(services: Services, *, user: User, project: str, image_ids: Sequence[str]) -> Json:
    """How many of these pictures taught which version: {versions: [{version, version_id, live, pictures}], sentence}.

    Pictures that are unknown, or of another project, taught none.

    Raises:
        Missing, Forbidden: no such project, or the role is too low; or a version's snapshot cannot be read.
        Rejected: more than 1,000 pictures.
    """
    target = project_for(services, user=user, name=project, action="view")
    if len(image_ids) > MOST:
        raise Rejected(f"{len(image_ids)} pictures are too many at once.", hint=f"Ask for at most {MOST}.")
    found = met(services, target, image_ids)
    if found.unread:
        raise Missing(_unread(found.unread))
    counts = Counter(one.version.id for one in found.taught)
    known = sorted({one.version.number: one.version for one in found.taught}.items())
    return {
        "versions": [
            {
                "version": number,
                "version_id": one.id,
                "live": one.id == target.live_version_id,
                "pictures": counts[one.id],
            }
            for number, one in known
        ],
        "sentence": sentence(found, target, of="it" if len(set(image_ids)) == 1 else "some of them"),
    }


def of_prediction(services: Services, *, user: User, prediction_id: str) -> Json:
    """Where an answer comes from.

    Returns:
        {id, image_id, sha256, version, version_id, family, bundle, snapshot, snapshot_id, code_version, floor,
        threshold, route, predicted, shown, confidence, at}: SHA-256 of the picture, of the packed bundle and of the
        snapshot's manifest (None where the version has none), the Sightloop that made the bundle (None where it cannot
        be read any more), the project's floor of today, and the threshold of a mask (None of a class).

    Raises:
        Missing: no such prediction, or not one this user may see.
    """
    with services.db.connect() as db:
        said = predictions.get(db, prediction_id)
    image, project = image_for(services, user=user, image_id=said.image_id, action="view")
    return _provenance(services, said, image, project)


def met(services: Services, project: Project, image_ids: Collection[str]) -> Found:
    """Which versions learnt from which of the pictures, or were judged on them, the oldest version first.

    As in `taught`: what tuned a version taught it; what only certifies taught none but cascades.
    """
    with services.db.connect() as db:
        ways = descent.carried(db, project)
        taken = {one.id: one.hash for one in snapshots.all(db, project.id)}
    wanted = {one.encode() for one in image_ids}
    rows: dict[str, dict[str, Json]] = {}
    lost: set[str] = set()
    for used in {one.snapshot_id or "" for way in ways for one in way} & taken.keys():
        try:
            rows[used] = _rows(services.blobs.get(taken[used]), wanted)
        except Missing:
            lost.add(used)
    unread = tuple(way[0].number for way in ways if any(one.snapshot_id in lost for one in way))
    return Found(tuple(one for way in ways for one in _of_version(way, rows)), unread)


def sentence(found: Found, project: Project, *, of: str = "it") -> str:
    """Which versions learnt from a picture, whether one of them is live, and which could not be looked at, in words."""
    said = _taught(found.taught, project, of=of)
    if not found.unread:
        return said
    return f"{said} {_unread(found.unread)}" if found.taught else _unread(found.unread)


def _taught(taught: Sequence[Met], project: Project, *, of: str) -> str:
    numbers = sorted({one.version.number for one in taught})
    live = next((one.version.number for one in taught if one.version.id == project.live_version_id), None)
    if not numbers:
        return f"No version learnt from {'any of them' if of != 'it' else of}."
    if len(numbers) == 1:
        return f"{_named(numbers)}{', which is live,' if live else ''} learnt from {of}."
    return f"{_named(numbers)} learnt from {of}; {f'version {live}' if live else 'none of them'} is live."


def _unread(numbers: Sequence[int]) -> str:
    told = _named(numbers)
    return f"What {told[0].lower()}{told[1:]} learnt from cannot be read: a snapshot is missing."


def _named(numbers: Sequence[int]) -> str:
    """For example "Version 2" or "Versions 1, 2 and 5"."""
    if len(numbers) == 1:
        return f"Version {numbers[0]}"
    return f"Versions {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _rows(manifest: bytes, wanted: Collection[bytes]) -> dict[str, Json]:
    """The rows of the wanted pictures; the others of a snapshot are not parsed."""
    found = {}
    for match in ID.finditer(manifest):
        if match[1] in wanted:
            start, end = manifest.rfind(b"\n", 0, match.start()) + 1, manifest.find(b"\n", match.end())
            found[match[1].decode()] = json.loads(manifest[start:end])
    return found


def _of_version(way: Sequence[ModelVersion], rows: Mapping[str, Mapping[str, Json]]) -> list[Met]:
    """What a version (the first) met, itself or through others; a picture that taught it judges it no more."""
    version = way[0]
    found: dict[str, Met] = {}
    for one in way:
        for image_id, row in rows.get(one.snapshot_id or "", {}).items():
            taught = row["side"] in LEARNT and (one.family == members.FAMILY or not row.get("certifies"))
            judged = one is version and row["side"] == "test"
            if (taught or judged) and not (image_id in found and found[image_id].taught):
                found[image_id] = Met(image_id, version, one.snapshot_id or "", row["side"], taught)
    return list(found.values())


def _row(one: Met, project: Project) -> Json:
    return {
        "version": one.version.number,
        "version_id": one.version.id,
        "side": one.side,
        "live": one.version.id == project.live_version_id,
        "snapshot_id": one.snapshot_id,
    }


def _present(services: Services, image: Image, project: Project) -> Json | None:
    if image.prediction_id is None:
        return None
    with services.db.connect() as db:
        said = predictions.get(db, image.prediction_id)
    return _provenance(services, said, image, project)


def _provenance(services: Services, said: Prediction, image: Image, project: Project) -> Json:
    with services.db.connect() as db:
        version = versions.by_id(db, said.version_id)
        taken = snapshots.get(db, version.snapshot_id) if version.snapshot_id else None
    return {
        "id": said.id,
        "image_id": image.id,
        "sha256": image.sha256,
        "version": version.number,
        "version_id": version.id,
        "family": version.family,
        "bundle": version.bundle,
        "snapshot": taken.hash if taken else None,
        "snapshot_id": taken.id if taken else None,
        "code_version": _maker(services, version),
        "floor": project.floor,
        "threshold": (said.figures or {}).get("threshold"),
        "route": said.route,
        "predicted": said.predicted,
        "shown": said.shown,
        "confidence": said.confidence,
        "at": said.created_at,
    }


def _maker(services: Services, version: ModelVersion) -> str | None:
    try:
        return bundle_format.parse(unpacked(services, version.bundle)).code_version or None
    except (Missing, BadBundle):
        return None
