"""Masks of stored pictures: what the model marks, what people draw, and what both become."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightloop.core.arrays import Mask
from sightloop.core.entities import NOTHING, Image
from sightloop.core.errors import BadImage, Conflict, Missing, Rejected
from sightloop.flows import (
    adopting,
    answer,
    correct,
    drawing,
    feedback,
    importing,
    jobs,
    library,
    masking,
    projects,
    teaching,
    trash,
)  # fmt: skip
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.vision import masks
from tests import tiny, tiny_masks


@pytest.fixture
def image(services: Services, tmp_path: Path) -> Image:
    """An answered picture with a red blob in a project that segments."""
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    return tiny_masks.upload(services, 1)


def stored(services: Services, image: Image) -> Image:
    with services.db.connect() as db:
        return images.get(db, image.id)


def model(services: Services, image: Image) -> Mask:
    return masks.decode(masking.mask_png(services, user=OPERATOR, image_id=image.id, origin="model"))


def test_an_upload_is_answered_with_the_mask_of_what_is_red(services: Services, image: Image) -> None:
    assert (image.predicted, image.shown) == ("crack", "crack")
    assert np.array_equal(model(services, image), tiny_masks.draw(1)[1])
    assert image.certainty is not None
    assert image.certainty > 0.9


def test_a_picture_without_anything_shows_nothing(services: Services, image: Image) -> None:
    assert tiny_masks.upload(services, 2, empty=True).shown == NOTHING


def test_the_probability_map_has_the_pictures_own_size_and_survives_its_loss(services: Services, image: Image) -> None:
    before = masking.probability_png(services, user=OPERATOR, image_id=image.id)
    for path in (services.data / "derived").glob("map-*/*/*"):
        path.unlink()
    assert masking.probability_png(services, user=OPERATOR, image_id=image.id) == before
    assert model(services, image).shape == (image.height, image.width)


def test_a_drawn_mask_is_kept_to_the_pixel_and_wears_a_star(services: Services, image: Image) -> None:
    drawn = tiny_masks.draw(7)[1]
    after = correct.redraw(services, user=OPERATOR, image_id=image.id, mask=drawn, revision=image.revision)
    assert after.corrected
    assert (after.label, after.verified) == ("crack", True)
    again = masking.mask_png(services, user=OPERATOR, image_id=image.id)
    assert np.array_equal(masks.decode(again), drawn)


def test_an_imported_mask_is_no_correction_until_somebody_draws_on_it(
    services: Services, image: Image, tmp_path: Path
) -> None:
    tiny_masks.folder(tmp_path / "set", 2, first=20)
    (tmp_path / "set" / "masks" / "20.png").write_bytes(tiny_masks.mask_png(5))
    tiny.run(services, importing.start(services, user=OPERATOR, name="cracks", path=tmp_path / "set"))
    with services.db.connect() as db:
        found = {one.name: one for one in images.stream(db, image.project_id)}["20.png"]
    assert found.agreement is not None
    assert found.agreement < 1
    assert not found.corrected
    assert correct.redraw(services, user=OPERATOR, image_id=found.id, mask=tiny_masks.draw(6)[1]).corrected


def test_drawing_the_models_own_mask_is_no_correction(services: Services, image: Image) -> None:
    after = correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(1)[1])
    assert after.agreement == 1
    assert not after.corrected


def test_an_empty_mask_says_nothing_and_needs_no_file(services: Services, image: Image) -> None:
    after = correct.redraw(services, user=OPERATOR, image_id=image.id, mask=drawing.empty(image))
    assert (after.label, after.mask, after.agreement, after.corrected) == (NOTHING, None, 0.0, True)
    said = correct.correct(services, user=OPERATOR, image_id=image.id, value=NOTHING)
    assert (said.label, said.mask, said.agreement) == (NOTHING, None, 0.0)


def test_verifying_takes_the_models_mask_for_the_humans(services: Services, image: Image) -> None:
    after = correct.verify(services, user=OPERATOR, image_id=image.id)
    assert after.mask is not None
    assert (after.agreement, after.corrected) == (1.0, False)
    assert np.array_equal(masks.decode(services.blobs.get(after.mask)), tiny_masks.draw(1)[1])


def test_being_satisfied_verifies_and_being_asked_again_changes_nothing(services: Services, image: Image) -> None:
    first = feedback.feedback(services, user=OPERATOR, image_id=image.id, satisfied=True)
    again = feedback.feedback(services, user=OPERATOR, image_id=image.id, satisfied=True)
    assert first.verified
    assert again.revision == first.revision


def test_taking_the_word_back_takes_the_mask_back(services: Services, image: Image) -> None:
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    after = correct.correct(services, user=OPERATOR, image_id=image.id, value=None)
    assert (after.label, after.mask, after.agreement, after.shown) == (None, None, None, "crack")


def test_an_earlier_mask_of_a_picture_can_be_taken_back_and_no_other_can(services: Services, image: Image) -> None:
    first = correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(8)[1])
    found = masking.earlier(services, user=OPERATOR, image_id=image.id, sha256=first.mask or "")
    assert np.array_equal(found, tiny_masks.draw(7)[1])
    with pytest.raises(Missing):
        masking.earlier(services, user=OPERATOR, image_id=image.id, sha256=image.sha256)


def test_a_class_needs_a_mask(services: Services, image: Image) -> None:
    with pytest.raises(Rejected, match="needs a mask"):
        correct.correct(services, user=OPERATOR, image_id=image.id, value="crack")


def test_a_mask_of_another_size_is_refused_with_both_sizes(services: Services, image: Image) -> None:
    with pytest.raises(BadImage, match="20 × 10 pixels, its picture 64 × 48"):
        correct.redraw(services, user=OPERATOR, image_id=image.id, mask=masks.empty((10, 20)))


def test_a_mask_drawn_over_somebody_elses_is_refused(services: Services, image: Image) -> None:
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    with pytest.raises(Conflict):
        correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(8)[1], revision=image.revision)


def test_another_threshold_moves_pictures_between_crack_and_nothing(services: Services, tmp_path: Path) -> None:
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path, sharpness=3)
    image = tiny_masks.upload(services, 1)
    projects.update(services, user=OPERATOR, name="cracks", floor=1.0)
    assert stored(services, image).shown == NOTHING
    projects.update(services, user=OPERATOR, name="cracks", floor=0.5)
    assert stored(services, image).shown == "crack"


def test_a_new_version_is_compared_with_the_mask_that_people_drew(services: Services, image: Image) -> None:
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(1)[1])
    found = project_for(services, user=OPERATOR, name="cracks", action="view")
    answer.answer_images(services, project=found, pictures=[stored(services, image)], timeout=30)
    assert stored(services, image).agreement == 1


def test_a_purge_leaves_no_mask_and_no_map(services: Services, image: Image) -> None:
    after = correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    trash.discard(services, user=OPERATOR, image_id=image.id)
    trash.purge(services, user=OPERATOR, image_id=image.id)
    assert after.mask is not None
    assert not services.blobs.has(after.mask)
    assert not list((services.data / "derived").glob("*/*/*"))


def test_bulk_verification_gives_every_picture_its_own_mask(services: Services, image: Image) -> None:
    other = tiny_masks.upload(services, 3)
    done = correct.bulk(services, user=OPERATOR, project="cracks", action="verify", image_ids=[image.id, other.id])
    assert done["changed"] == 2
    assert stored(services, image).mask != stored(services, other).mask
    assert stored(services, other).mask is not None


def test_bulk_nothing_empties_masks(services: Services, image: Image) -> None:
    correct.bulk(services, user=OPERATOR, project="cracks", action="label", value=NOTHING, image_ids=[image.id])
    assert (stored(services, image).label, stored(services, image).mask) == (NOTHING, None)


def test_the_history_of_a_picture_names_its_masks(services: Services, image: Image) -> None:
    after = correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    told = library.history(services, user=OPERATOR, image_id=image.id)
    assert [one["mask"] for one in told if one["kind"] == "label"] == [after.mask]


def test_another_threshold_measures_the_agreement_anew(services: Services, tmp_path: Path) -> None:
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path, sharpness=3)
    image = tiny_masks.upload(services, 1)
    assert correct.verify(services, user=OPERATOR, image_id=image.id).agreement == 1
    projects.update(services, user=OPERATOR, name="cracks", floor=0.99)
    (job,) = jobs.listing(services, user=OPERATOR, project="cracks", kinds=["agree"])
    before = stored(services, image).revision
    assert tiny.run(services, job).context["moved"] == 1
    assert stored(services, image).agreement == 0
    assert stored(services, image).revision == before


def test_verifying_that_nothing_is_shown_marks_nothing(services: Services, tmp_path: Path) -> None:
    project = tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    image = tiny_masks.upload(services, 2, empty=True)
    few = np.zeros((1, 48, 64), np.uint8)
    few[0, 0, :7] = 255  # too few pixels to be shown
    services.blobs.keep(drawing.kind(image.version_id or ""), image.sha256, masks.pack_map(few))
    assert drawing.accepted(services, project, image)[0] == NOTHING


def test_a_verification_never_overwrites_a_mask_that_was_drawn_meanwhile(services: Services, image: Image) -> None:
    project = project_for(services, user=OPERATOR, name="cracks", action="label")
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    with pytest.raises(Conflict):
        drawing.accept(services, project, image, by="somebody")


def test_classes_of_masks_are_only_ever_added_behind_the_others(services: Services, image: Image) -> None:
    with pytest.raises(Rejected, match="order of the classes"):
        projects.update(services, user=OPERATOR, name="cracks", classes=("hole", "crack"))
    assert projects.update(services, user=OPERATOR, name="cracks", classes=("crack", "hole")).classes[1] == "hole"


def test_a_word_on_a_picture_that_nobody_looked_at_yet_does_not_stop_the_others(
    services: Services, image: Image
) -> None:
    project = project_for(services, user=OPERATOR, name="cracks", action="view")
    early = replace(image, label=NOTHING, width=None, height=None)
    packed = drawing.packed_map(services, image)
    assert drawing.agreement(services, project, early, packed) is None


def test_masks_accepted_as_they_were_are_no_corrections_at_another_threshold(
    services: Services, tmp_path: Path
) -> None:
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path, sharpness=3)
    image = tiny_masks.upload(services, 1)
    correct.verify(services, user=OPERATOR, image_id=image.id)
    projects.update(services, user=OPERATOR, name="cracks", floor=0.99)
    (job,) = jobs.listing(services, user=OPERATOR, project="cracks", kinds=["agree"])
    tiny.run(services, job)
    assert stored(services, image).agreement == 0
    assert not stored(services, image).corrected
    assert teaching.teaching(services, user=OPERATOR, project="cracks")["corrected_since_live"] == 0


def test_a_classifier_is_not_imported_into_a_project_that_segments(services: Services, tmp_path: Path) -> None:
    tiny_masks.project(services)
    with pytest.raises(Rejected, match="segment"):
        adopting.import_weights(
            services, user=OPERATOR, name="cracks", path=tmp_path / "resnet.pth", backbone="resnet50"
        )
