"""Pictures on their way into a project: as a source names them, as their bytes came, and as rows to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sightloop.core.entities import Answer, Drawn, Image, Json, Project, Side
from sightloop.core.ids import new_id
from sightloop.flows.naming import file_title
from sightloop.flows.services import Services
from sightloop.flows.sketches import Sketch, Stroke
from sightloop.flows.verdicts import prediction, with_issues
from sightloop.store import imports
from sightloop.store.answers import Answered

Fate = Literal["stored", "duplicate", "failed"]


@dataclass(frozen=True)
class Draft:
    """One picture to take in; `by` is the user id whose word `label` is, `created_at` None means now.

    Of a picture with a sketch, the word is what is drawn.
    """

    where: str
    name: str
    label: str | None = None
    side: Side | None = None
    site: str | None = None
    by: str | None = None
    created_at: float | None = None
    meta: Json = field(default_factory=dict)
    sketch: Sketch | None = None


@dataclass(frozen=True)
class Loaded:
    """A draft with its bytes, or with the reason why there are none; `stroke` is its mask once that is drawn."""

    draft: Draft
    data: bytes = b""
    sha256: str = ""
    reason: str | None = None
    stroke: Stroke | None = None

    @property
    def word(self) -> str | None:
        """What the source says that the picture shows."""
        return self.stroke.word if self.stroke else self.draft.label

    @property
    def drawn(self) -> Drawn | None:
        """The mask that the source has of it."""
        return self.stroke.drawn if self.stroke else None


@dataclass(frozen=True)
class Taken:
    """What became of one picture; `reason` also tells what there is to say of a mask."""

    loaded: Loaded
    fate: Fate
    image: Image | None = None
    reason: str | None = None

    @property
    def draft(self) -> Draft:
        return self.loaded.draft

    def item(self) -> imports.Item:
        """The same as a row of its import."""
        return imports.Item(
            path=self.draft.where,
            outcome=self.fate,
            image_id=self.image.id if self.image else None,
            side=self.draft.side,
            label=self.loaded.word,
            reason=self.reason,
        )


@dataclass(frozen=True)
class Whole:
    """The import that batches belong to; `by` is the user id who asked for it."""

    project: Project
    import_id: str
    source: str
    by: str | None


def row(services: Services, one: Loaded, whole: Whole, *, answer: Answer) -> Answered:
    """What there is to write of a new picture: its row, its facts, and what the live model says of it."""
    new = image(services, one, whole, answer=answer)
    if one.drawn:
        new = replace(new, mask=one.drawn.mask)
    facts = with_issues(answer.facts, whole.project) if answer.facts else None
    return new, facts, prediction(services, whole.project, new, answer), answer.embedding


def image(services: Services, one: Loaded, whole: Whole, *, answer: Answer | None = None) -> Image:
    """A picture as a row that was not stored yet; without an answer, of bytes that the project has already."""
    facts = answer.facts if answer else None
    now = services.clock()
    return Image(
        id=new_id(),
        project_id=whole.project.id,
        sha256=one.sha256,
        name=file_title(one.draft.name),
        media_type=facts.media_type if facts else "",
        size=len(one.data),
        created_at=one.draft.created_at or now,
        width=facts.width if facts else None,
        height=facts.height if facts else None,
        source=whole.source,
        site=one.draft.site,
        captured_at=facts.captured_at if facts else None,
        uploaded_by=one.draft.by or whole.by,
        side=one.draft.side or "none",
        label=one.word,
        labelled_by=(one.draft.by or whole.by) if one.word is not None else None,
        labelled_at=now if one.word is not None else None,
        meta=one.draft.meta,
    )


def new_words(
    batch: Sequence[Loaded], found: dict[str, tuple[Image, bool]], *, by: str | None
) -> dict[str | None, list[tuple[Image, Loaded]]]:
    """Pictures that were known already and of which nobody said anything, with who says what of them now."""
    words: dict[str | None, list[tuple[Image, Loaded]]] = {}
    spoken: set[str] = set()
    for one in batch:
        there = found[one.sha256][0] if one.sha256 in found else None
        if there and one.word is not None and there.label is None and one.sha256 not in spoken:
            words.setdefault(one.draft.by or by, []).append((there, one))
            spoken.add(one.sha256)
    return words
