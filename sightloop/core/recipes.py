"""Project templates: what a new project of each kind begins with."""

from __future__ import annotations

from dataclasses import dataclass, field

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.core.splits import CASCADE_RATIOS, DEFAULT_RATIOS


@dataclass(frozen=True)
class Recipe:
    """A project template; empty `classes` are taken from the first import."""

    name: str
    title: str
    task: str
    classes: tuple[str, ...] = ()
    floor: float = 0.5
    settings: Json = field(default_factory=dict)


REJECT_RATE = 0.01  # share of ordinary pictures that may be refused as unlike all that a model learnt from
PLAIN = {"ratios": DEFAULT_RATIOS, "reject_rate": REJECT_RATE}

BIOSIGHT = (
    "Amphibia", "Animalia", "Arachnida", "Aves", "Fungi", "Insecta", "Mammalia", "Mollusca", "Plantae", "Reptilia",
)  # fmt: skip

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("blank", "Your own classes", "classify", settings=PLAIN),
        Recipe("biosight", "Biological pictures", "classify", BIOSIGHT, settings=PLAIN),
        Recipe(
            "cataract",
            "Eyes: cataract or normal",
            "classify",
            ("cataract", "normal"),
            settings={
                "ratios": CASCADE_RATIOS,
                "certify": True,
                "retake": True,
                "region": "eye",
                "reject_rate": REJECT_RATE,
            },
        ),
        Recipe(
            "crack",
            "Cracks: where, how long, how wide",
            "segment",
            ("crack",),
            settings={"ratios": DEFAULT_RATIOS, "min_samples_for_retraining": 10},
        ),
        Recipe("cats-dogs", "Cats and dogs", "classify", ("cat", "dog"), settings=PLAIN),
    )
}


def check_floor(value: float) -> None:
    """Raise Rejected unless `value` is a share in 0..1."""
    if not 0 <= value <= 1:
        raise Rejected(f"confidence floor {value} is not a share.", hint="Use 0 to 1, for example 0.5.")
