"""A cascade in memory: a fast member answers where it is sure enough, an accurate one the rest, people what is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from sightloop import bundles
from sightloop.bundles.classifier import Classifier
from sightloop.bundles.format import Manifest, read
from sightloop.core.arrays import Embedding, Pixels
from sightloop.core.entities import Json
from sightloop.core.errors import BadBundle
from sightloop.core.ports import Outputs

FAST, ACCURATE, HUMAN = "fast", "accurate", "human"
MEMBERS = (FAST, ACCURATE)  # also the folders that hold them
NOBODY = 2.0  # above every confidence
GLANCE = 4  # every so many pixels, a row and a column, decide whether a picture is audited

Head = Callable[[Embedding], NDArray[np.float32]]


@dataclass(frozen=True)
class Limits:
    """From which confidence on (0..1) the fast member answers, and anybody does; `audit` is the share checked."""

    fast: float
    human: float
    audit: float

    @classmethod
    def of(cls, certificate: Json) -> Limits:
        """What a manifest's certificate says; a threshold of None lets nobody answer. Raises BadBundle."""
        try:
            human = certificate.get("human") or {"threshold": 0.0}
            return cls(_limit(certificate["threshold"]), _limit(human["threshold"]), float(certificate["audit"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadBundle(f"the cascade's certificate is incomplete: {error!r}.") from error


def _limit(value: float | None) -> float:
    return NOBODY if value is None else float(value)


class Cascade:
    """A loaded bundle; safe to call from several threads. Its members are bundles in the folders fast and accurate."""

    def __init__(self, folder: Path, manifest: Manifest | None = None, *, threads: int = 1) -> None:
        """Load the bundle in `folder`, verified first unless its `manifest` was read already. Raises BadBundle."""
        self.manifest = manifest or read(folder)
        self.limits = Limits.of(self.manifest.certificate)
        self.fast, self.accurate = (load_member(folder / role, threads=threads) for role in MEMBERS)
        self._columns = [columns(one.classes, self.classes) for one in (self.fast, self.accurate)]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def input_size(self) -> int:
        return max(self.fast.input_size, self.accurate.input_size)

    def predict(self, batch: Sequence[Pixels]) -> Outputs:
        """Answer for each picture; see `core.ports.Outputs` for shapes. The embeddings are the fast member's."""
        first = self.fast.predict(batch)
        answers, strange = first.probabilities[:, self._columns[0]], list(first.off_domain)
        deferred = answers.max(axis=1, initial=0.0) < self.limits.fast
        audited = ~deferred & np.array([draw(pixels) < self.limits.audit for pixels in batch], np.bool_)
        audits: list[str | None] = [None] * len(batch)
        if len(asked := np.flatnonzero(deferred | audited)):
            second = answer_again(self.fast, self.accurate, [batch[int(row)] for row in asked], first.embeddings[asked])
            for row, found, off in zip(
                asked, second.probabilities[:, self._columns[1]], second.off_domain, strict=True
            ):
                if deferred[row]:
                    answers[row], strange[row] = found, off
                else:
                    audits[row] = self.classes[int(found.argmax())]
        sure = answers.max(axis=1, initial=0.0) >= self.limits.human
        routes = np.where(sure, np.where(deferred, ACCURATE, FAST), HUMAN).tolist()
        return Outputs(answers, first.embeddings, strange, routes=routes, audits=audits)


PREDICTOR = Cascade


def load_member(folder: Path, *, threads: int = 1) -> Classifier:
    """The classifier in `folder`, verified. Raises BadBundle where it is none, or a cascade itself."""
    found = bundles.load(folder, threads=threads)
    if not isinstance(found, Classifier):
        raise BadBundle(f"the bundle in {folder.name!r} cannot be a member of a cascade.")
    return found


def answer_again(fast: Classifier, accurate: Classifier, batch: Sequence[Pixels], embeddings: Embedding) -> Outputs:
    """The accurate member's answers, from the fast one's `embeddings` (n, d) of the same pictures where it can."""
    head = shared_head(fast, accurate)
    return accurate.predict(batch) if head is None else accurate.answer(head(embeddings), embeddings)


def shared_head(fast: Classifier, accurate: Classifier) -> Head | None:
    """How `accurate` answers from the embedding that `fast` made; None where their encoders differ."""
    encoder = accurate.manifest.encoder
    same = encoder is not None and encoder == fast.manifest.encoder
    return cast("Head | None", getattr(accurate, "logits_of", None)) if same else None


def columns(theirs: Sequence[str], ours: Sequence[str]) -> list[int]:
    """Where each of our classes stands among theirs. Raises BadBundle, naming what one side lacks."""
    if odd := sorted(set(theirs) ^ set(ours)):
        raise BadBundle(
            f"a member knows {', '.join(sorted(theirs))}, the cascade {', '.join(sorted(ours))}: {', '.join(odd)}.",
            hint="Train its members anew.",
        )
    return [theirs.index(name) for name in ours]


def draw(pixels: Pixels) -> float:
    """A number within 0 and 1 that depends on the picture alone, so that a replay audits the same ones."""
    glance = np.ascontiguousarray(pixels[::GLANCE, ::GLANCE])
    return int.from_bytes(hashlib.blake2b(glance.tobytes(), digest_size=8).digest(), "big") / 2**64
