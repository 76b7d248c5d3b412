"""Make a model version of weights that were trained elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sightloop import families
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import ModelVersion, User
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.flows import registry
from sightloop.flows.access import project_for
from sightloop.flows.services import Services

FAMILY = "transfer"  # what becomes of weights that were trained elsewhere


def import_weights(
    services: Services, *, user: User, name: str, path: Path, backbone: str, classes: Sequence[str] = ()
) -> ModelVersion:
    """Make a version of a state dict trained elsewhere, such as BioSight's best_model_resnet.pth.

    Args:
        path: a .pth (read with weights_only) or .safetensors file on this machine.
        backbone: the timm name of what it was trained as.
        classes: in the order of its outputs; the project's where empty.

    Raises:
        Rejected: layers or outputs do not fit, a class is not one of the project's, or the project segments.
    """
    project = project_for(services, user=user, name=name, action="train")
    if project.task != families.task(FAMILY):
        raise Rejected(
            f"{path.name!r} would say which class a picture shows, and project {name!r} is to {project.task}.",
            hint="Import it into a project that classifies.",
        )
    learnt = tuple(classes) or project.classes
    strange = sorted(set(learnt) - set(project.classes))
    if strange:
        raise Rejected(f"class {strange[0]!r} is not one of project {name!r}.", hint="Add it to the project first.")
    folder = services.work_folder(f"import-{new_id()}")
    try:
        families.import_state_dict(path, backbone=backbone, classes=learnt, folder=folder / "bundle")
        packed = services.blobs.incoming / f"{folder.name}.bundle"
        bundle = bundle_format.pack(folder / "bundle", packed)
        services.blobs.adopt(packed, bundle)
        packed.unlink(missing_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    params = {"backbone": backbone, "file": path.name}
    with services.db.begin() as db:
        return registry.enlist(
            db, project, bundle=bundle, family=FAMILY, params=params, metrics={}, snapshot_id=None, by=user.id
        )
