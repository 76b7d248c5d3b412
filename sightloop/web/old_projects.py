"""Which project a predecessor's route is about, and who may use these routes without a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from starlette.types import Scope

from sightloop.core.entities import User
from sightloop.core.errors import Rejected
from sightloop.core.permissions import Action
from sightloop.core.recipes import RECIPES
from sightloop.flows import old_clients
from sightloop.flows.access import OPERATOR
from sightloop.settings import Settings
from sightloop.web.desk import Desk
from sightloop.web.headers import header
from sightloop.web.health import FORWARDED, LOOPBACK
from sightloop.web.plain import first_part
from sightloop.web.session import Caller

RECIPES_OF: Mapping[str, tuple[str, ...]] = {
    "predict": ("crack", "cats-dogs"),
    "predict_clip": ("cataract",),
    "predict_lgbm": ("cataract",),
    "predict_ensemble": ("cataract",),
    "predict_batch": ("cataract",),
    "train_clip": ("cataract",),
    "train_lgbm": ("cataract",),
    "training_status": ("cataract",),
    "drift_status": ("cataract",),
    "save-for-retrain": ("crack",),
    "retrain": ("cats-dogs",),
    "data-insights": ("cats-dogs",),
    "upload": ("biosight",),
    "update-class": ("biosight",),
    "delete-image": ("biosight",),
    "download-zip": ("biosight",),
}
"""By route the recipes that its predecessor is now; the oldest such project is meant where none is named."""

OPEN = frozenset({*RECIPES_OF, "system_info"})
ANYONE = Caller(OPERATOR, None, frozenset(get_args(Action)))


def check(settings: Settings) -> None:
    """Raise Rejected where a project is named for what is neither a route nor a recipe."""
    for key in settings.legacy_projects:
        if key.strip("/") not in {*RECIPES_OF, *RECIPES}:
            raise Rejected(
                f"setting SIGHTLOOP_LEGACY_PROJECTS: {key!r} is neither a route nor a recipe.",
                hint=f"Routes: {', '.join(RECIPES_OF)}; recipes: {', '.join(RECIPES)}.",
            )


async def project_for(desk: Desk, *, user: User, route: str, action: Action) -> str:
    """The name of the project that `route` is about, if `user` may do `action` in it; raises Missing, Forbidden."""
    recipes = RECIPES_OF[route]
    named = {key.strip("/"): name for key, name in desk.settings.legacy_projects.items()}
    chosen = next((named[key] for key in (route, *recipes) if key in named), None)
    return await desk.ask(old_clients.project_name, user=user, recipes=recipes, named=chosen, action=action)


def unsigned(scope: Scope, settings: Settings) -> Caller | None:
    """Whoever asks without credentials, where that is open: on this machine, by its own name, through no proxy."""
    if not settings.legacy_open or first_part(scope["path"]) not in OPEN:
        return None
    here = scope.get("client") is not None and scope["client"][0] in LOOPBACK
    host = (header(scope, b"host") or "").rpartition(":")[0] or header(scope, b"host") or ""
    own = host.strip("[]").lower() in {*LOOPBACK, "localhost"}  # another name may be a stranger's page
    passed = any(header(scope, name.encode()) is not None for name in FORWARDED)
    return ANYONE if here and own and not passed else None
