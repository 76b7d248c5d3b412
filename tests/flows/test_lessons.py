"""Pictures that come with what a person says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sightloop.core.entities import Json, Project
from sightloop.core.errors import BadImage, Missing, Rejected
from sightloop.flows import drawing, lessons, library, upload
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.vision import encode
from tests import tiny_masks

ANY = images.Filters(trashed=None)


@pytest.fixture
def cracks(services: Services, tmp_path: Path) -> Project:
    made = tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    return made


def save(
    services: Services,
    seed: int = 1,
    *,
    project: str = "cracks",
    mask: bytes | None = None,
    label: str | None = None,
    metadata: Json | None = None,
) -> Json:
    picture = upload.incoming(services, name="wall.png", data=tiny_masks.picture(seed))
    return lessons.save(
        services, user=OPERATOR, project=project, picture=picture, mask=mask, label=label, metadata=metadata
    )


def stored(services: Services) -> int:
    with services.db.connect() as db:
        return images.count(db, project_for(services, user=OPERATOR, name="cracks", action="view").id, ANY)


def test_the_mask_is_the_humans_word_and_counts_as_a_correction(services: Services, cracks: Project) -> None:
    found = save(services, mask=tiny_masks.mask_png(5), metadata={"site": "bridge 7"})
    image = found["image"]
    assert (found["created"], found["corrected"], found["wanted"], found["ready"]) == (True, 1, 10, False)
    assert np.array_equal(np.asarray(drawing.human_mask(services, image)), tiny_masks.draw(5)[1])
    assert (image.label, image.verified, image.corrected) == ("crack", True, True)
    assert image.agreement < 1
    shown = library.show(services, user=OPERATOR, image_id=image.id)
    assert shown["meta"]["feedback"] == {"site": "bridge 7"}


def test_the_same_picture_is_found_and_its_newest_mask_counts(services: Services, cracks: Project) -> None:
    first = save(services, mask=tiny_masks.mask_png(5))
    second = save(services, mask=tiny_masks.mask_png(6))
    assert (second["created"], second["corrected"]) == (False, 1)
    assert second["image"].id == first["image"].id
    assert np.array_equal(np.asarray(drawing.human_mask(services, second["image"])), tiny_masks.draw(6)[1])


def test_the_same_pixels_in_another_file_are_the_same_picture(services: Services, cracks: Project) -> None:
    first = save(services)
    data = tiny_masks.picture(1)
    other = upload.incoming(services, name="copy.png", data=data + b"\0")
    found = lessons.save(services, user=OPERATOR, project="cracks", picture=other, mask=tiny_masks.mask_png(5))
    assert (found["image"].id, found["image"].label) == (first["image"].id, "crack")


def test_a_picture_alone_is_stored_and_corrects_nothing(services: Services, cracks: Project) -> None:
    found = save(services)
    assert (found["created"], found["corrected"], found["image"].label) == (True, 0, None)


def test_grey_edges_are_cut_at_half_and_that_is_said(services: Services, cracks: Project) -> None:
    soft = tiny_masks.draw(1)[1] * np.uint8(255)
    soft[0, 0] = 100
    found = save(services, mask=encode.png(soft))
    assert found["note"].startswith("1 grey pixels")


@pytest.mark.parametrize(
    ("mask", "label", "said"),
    [
        (b"no picture", None, "not a picture"),
        (tiny_masks.mask_png(1, width=32), None, "mask is 32 × 48"),
        (None, "crack", "needs a mask"),
        (None, "moss", "no class 'moss'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_stored(
    services: Services, cracks: Project, mask: bytes | None, label: str | None, said: str
) -> None:
    with pytest.raises(Rejected, match=said):
        save(services, mask=mask, label=label)
    assert stored(services) == 0


def test_a_mask_and_a_label_contradict_each_other(services: Services, cracks: Project) -> None:
    with pytest.raises(Rejected, match="both a mask and the label"):
        save(services, mask=tiny_masks.mask_png(1), label="nothing")


def test_nothing_can_be_said_without_drawing_it(services: Services, cracks: Project) -> None:
    assert save(services, label="nothing")["image"].label == "nothing"


def test_a_project_of_classes_takes_a_label_and_no_mask(
    services: Services, project: Project, model: Callable[..., int]
) -> None:
    found = save(services, project="paint", label="blue")
    assert (found["image"].label, found["corrected"], found["wanted"]) == ("blue", 1, 50)
    with pytest.raises(Rejected, match="which class"):
        save(services, 2, project="paint", mask=tiny_masks.mask_png(2))


def test_what_is_no_picture_is_refused(services: Services, cracks: Project) -> None:
    picture = upload.incoming(services, name="a.png", data=b"text")
    with pytest.raises(BadImage):
        lessons.save(services, user=OPERATOR, project="cracks", picture=picture)


def test_strangers_are_told_nothing(services: Services, cracks: Project) -> None:
    picture = upload.incoming(services, name="a.png", data=tiny_masks.picture(1))
    with pytest.raises(Missing):
        lessons.save(services, user=OPERATOR, project="other", picture=picture)


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": -Infinity}', "[1]", "{"])
def test_metadata_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="is not"):
        lessons.metadata(text)
