"""Close-ups of eyes with a clear or a clouded lens; lids, lashes, reflections, exposure vary alike in both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Missing
from sightloop.samples.knobs import DEFAULT, Knobs, recolour
from sightloop.samples.light import Layer, colour, daylight, develop, ground, lay, mix, shade
from sightloop.samples.noise import Field, Rng, as_field, blur, fractal, step, stretched
from sightloop.samples.shapes import cover, ellipse, frame, polar, rotate, strokes

CLASSES = ("normal", "cataract")
SKINS = (
    (0.95, 0.80, 0.72),
    (0.90, 0.72, 0.60),
    (0.80, 0.60, 0.47),
    (0.68, 0.48, 0.36),
    (0.52, 0.36, 0.27),
    (0.38, 0.26, 0.21),
)
IRISES = (  # outer and inner colour
    ((0.30, 0.19, 0.12), (0.46, 0.29, 0.16)),
    ((0.22, 0.14, 0.10), (0.32, 0.20, 0.13)),
    ((0.42, 0.36, 0.20), (0.56, 0.40, 0.20)),
    ((0.36, 0.46, 0.36), (0.60, 0.54, 0.34)),
    ((0.34, 0.48, 0.60), (0.62, 0.68, 0.70)),
    ((0.42, 0.48, 0.52), (0.64, 0.66, 0.64)),
)


@dataclass(frozen=True)
class Lids:
    """The two lid curves, y as a function of x, in eye coordinates (y down, the lids meet at x = ±`half`)."""

    half: float
    high: float
    low: float
    upper_power: float
    lower_power: float

    def upper(self, x: Field) -> Field:
        span = np.clip(1 - (x / np.float32(self.half)) ** 2, 0, 1)
        return as_field(-self.high * span ** np.float32(self.upper_power) * (1 - 0.12 * x) + 0.06 * x)

    def lower(self, x: Field) -> Field:
        span = np.clip(1 - (x / np.float32(self.half)) ** 2, 0, 1)
        return as_field(self.low * span ** np.float32(self.lower_power) * (1 + 0.15 * x) + 0.06 * x)


@dataclass(frozen=True)
class Place:
    """How eye coordinates lie in the picture: eye = flip((rotated picture) · zoom - shift)."""

    zoom: float
    turn: float
    shift: tuple[float, float]
    flip: float

    def eye(self, across: Field, down: Field) -> tuple[Field, Field]:
        x, y = rotate(across * np.float32(self.zoom), down * np.float32(self.zoom), self.turn)
        return (x - np.float32(self.shift[0])) * np.float32(self.flip), y - np.float32(self.shift[1])

    def picture(self, point: tuple[float, float]) -> tuple[float, float]:
        x, y = point[0] * self.flip + self.shift[0], point[1] + self.shift[1]
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        return float((x * cosine - y * sine) / self.zoom), float((y * cosine + x * sine) / self.zoom)


@dataclass(frozen=True)
class Eye:
    """One eye: coordinates, lid curves (as y), depth inside the opening, polar coordinates of the iris."""

    place: Place
    lids: Lids
    x: Field
    y: Field
    upper: Field
    lower: Field
    opening: Field
    radius: Field  # 1 at the rim of the iris
    angle: Field
    pupil: float  # radius of the pupil as a share of the iris


def draw(name: str, *, seed: int, size: int = 160, knobs: Knobs = DEFAULT) -> Pixels:
    """Draw one eye of class `name`; the same arguments give the same picture.

    The exposure is set after drawing so that the mean brightness is drawn from one distribution for both classes.

    Returns:
        (size, size, 3) uint8.

    Raises:
        Missing: `name` is neither "normal" nor "cataract".
    """
    if name not in CLASSES:
        raise Missing(f"no eye class {name!r}", hint=f"Known classes: {', '.join(CLASSES)}.")
    rng = np.random.default_rng([seed, CLASSES.index(name), 2])
    eye = _geometry(rng, size)
    skin = colour(*SKINS[int(rng.integers(len(SKINS)))]) * np.float32(rng.uniform(0.85, 1.15))
    surface = lay(ground(_skin(rng, eye, skin, knobs)), _ball(rng, eye, name, knobs))
    linear = shade(surface, daylight(rng))
    linear = linear * (1 - 0.55 * _lid_shadow(eye)) + _reflections(rng, eye)
    linear = mix(
        linear, colour(0.10, 0.07, 0.06) * np.float32(0.4), _lashes(rng, eye) * np.float32(rng.uniform(0.7, 0.95))
    )
    cast = colour(*rng.uniform(0.93, 1.04, 3)) * mix(colour(1, 1, 1), colour(0.8, 1.0, 0.65), knobs.palette)
    linear = linear * cast * np.float32(rng.uniform(0.13, 0.34) / float(linear.mean()))
    return develop(linear, rng, knobs, tilt=float(rng.uniform(0, 0.7)))


def _geometry(rng: Rng, size: int) -> Eye:
    shift = (float(rng.uniform(-0.12, 0.12)), float(rng.uniform(-0.12, 0.12)))
    place = Place(float(1 / rng.uniform(0.92, 1.3)), float(rng.uniform(-0.2, 0.2)), shift, float(rng.choice([-1, 1])))
    spans = ((0.84, 0.98), (0.33, 0.56), (0.26, 0.38), (0.6, 0.85), (0.8, 1.1))
    lids = Lids(*(float(rng.uniform(*span)) for span in spans))
    x, y = place.eye(*frame(size))
    upper, lower = lids.upper(x), lids.lower(x)
    opening = np.minimum(y - upper, lower - y) - 2 * np.maximum(np.abs(x) - np.float32(lids.half), 0)
    gaze = rng.uniform(-1, 1, 2) * (0.16, 0.07)
    iris = np.float32(rng.uniform(0.34, 0.43))
    radius, angle = polar(x - np.float32(gaze[0]), y - np.float32(gaze[1] - 0.04))
    pupil = float(rng.uniform(0.34, 0.58))
    return Eye(place, lids, x, y, upper, lower, opening, radius / iris, angle, pupil)


def _skin(rng: Rng, eye: Eye, skin: Field, knobs: Knobs) -> Layer:
    """Brow, lids with a crease, pouch below, pores and fine wrinkles."""
    size = eye.x.shape[0]
    pores = fractal(rng, size, slope=0.5, low=18) * np.float32(knobs.texture)
    blotches = fractal(rng, size, slope=1.9)
    wrinkles = stretched(rng, size, angle=float(rng.uniform(-0.3, 0.3)), stretch=5, slope=1.0, low=6)
    age = float(rng.uniform(0.1, 1.0)) * knobs.texture
    fold = eye.upper - np.float32(rng.uniform(0.12, 0.2)) * (1 - 0.35 * eye.x**2)
    crease = np.exp(-(((eye.y - fold) / 0.03) ** 2)) * step(1.1, 0.7, np.abs(eye.x))
    pouch = np.exp(-(((eye.y - eye.lower - 0.22) / 0.07) ** 2)) * step(0.9, 0.4, np.abs(eye.x))
    round_part = np.clip(ellipse(eye.x, eye.y, (0, -0.02), (1.15, 0.78)), 0, 1)
    height = 0.30 * round_part - 0.05 * crease - 0.02 * pouch * age - 0.12 * step(-0.5, -1.1, eye.y)
    height = height + 0.0016 * pores + 0.0035 * age * wrinkles + 0.02 * step(0.08, 0.0, -eye.opening)
    albedo = skin * (1 + 0.05 * blotches + 0.035 * pores)
    albedo = mix(albedo, skin * colour(0.85, 0.66, 0.62), np.clip(0.5 * round_part + 0.6 * crease, 0, 1) * 0.7)
    rim = step(0.075, 0.02, np.abs(eye.opening)) * (eye.y > 0)
    albedo = mix(albedo, mix(skin, colour(0.86, 0.55, 0.50), 0.65), rim)
    brow = step(0.12, 0.0, np.abs(eye.y + 0.86 - 0.12 * eye.x + 0.02 * wrinkles)) * np.clip(0.5 + 0.5 * wrinkles, 0, 1)
    albedo = mix(albedo, colour(0.16, 0.11, 0.09), 0.75 * brow)
    return Layer(height, albedo, np.ones_like(height), 0.12)


def _ball(rng: Rng, eye: Eye, name: str, knobs: Knobs) -> Layer:
    """White of the eye with vessels, iris, pupil with its lens."""
    size = eye.x.shape[0]
    veins = np.exp(-np.abs(stretched(rng, size, angle=0.0, stretch=3, slope=1.7, low=3)) * 14)
    red = float(rng.uniform(0.1, 0.8)) * veins * step(0.9, 1.7, eye.radius)
    corner = step(0.45, 0.95, np.abs(eye.x))
    white = mix(colour(0.80, 0.77, 0.74), colour(0.72, 0.44, 0.38), np.clip(0.45 * corner + red, 0, 1))
    white = white * (1 - 0.45 * step(0.14, 0.0, eye.opening)) * (1 - 0.3 * corner)
    caruncle = np.clip(ellipse(eye.x, eye.y, (-0.80, 0.0), (0.14, 0.10)) * 2, 0, 1)
    white = mix(white, colour(0.80, 0.48, 0.44), caruncle)
    edge = step(1.05, 0.96, eye.radius)
    albedo = mix(white, _iris(rng, eye, knobs), edge)
    irregular = 0.015 * fractal(rng, size, slope=2.5, high=10)
    hole = step(eye.pupil + 0.025, eye.pupil - 0.025, eye.radius + irregular)
    albedo = mix(albedo, _lens(rng, eye, cloudy=name == "cataract"), hole)
    height = 0.24 * np.sqrt(np.clip(1.3 - eye.x**2 - eye.y**2, 0, 2)) + 0.03 * edge - 0.03
    return Layer(height, albedo, cover(eye.opening, softness=2.0), 0.25)


def _iris(rng: Rng, eye: Eye, knobs: Knobs) -> Field:
    """Radial fibres, crypts, a frill round the pupil, a dark rim."""
    size = eye.x.shape[0]
    woven = stretched(rng, size, angle=0.0, stretch=7, slope=0.8, low=5)
    rows = np.mod(eye.angle * np.float32(size / (2 * np.pi)), size).astype(np.int32) % size
    columns = np.clip(eye.radius * np.float32(size / 2.5), 0, size - 1).astype(np.int32)
    fibres = blur(woven[rows, columns], 0.5) * np.float32(knobs.texture)
    outer, inner = (recolour(colour(*shade), knobs.palette) for shade in IRISES[int(rng.integers(len(IRISES)))])
    share = (eye.radius - eye.pupil) / (1 - eye.pupil)
    frill = float(rng.uniform(0.25, 0.45))
    albedo = mix(inner, outer, step(0.0, 2 * frill, share + 0.07 * fibres))
    albedo = albedo * np.clip(1 + 0.24 * fibres, 0.3, 1.9) * (0.9 + 0.35 * np.exp(-(((share - frill) / 0.09) ** 2)))
    return as_field(albedo * (1 - 0.75 * step(0.72, 1.05, eye.radius)) * (1 - 0.4 * step(0.16, 0.0, share)))


def _lens(rng: Rng, eye: Eye, *, cloudy: bool) -> Field:
    """What the pupil shows: black, at times a faint haze or red reflex; or a lens clouded in one of four ways."""
    share = eye.radius / np.float32(eye.pupil)
    clouds = fractal(rng, eye.x.shape[0], slope=1.6)
    black = colour(0.07, 0.06, 0.06) + np.zeros_like(share)
    if not cloudy:
        reflex = float(rng.choice([0.0, 0.0, 0.0, 0.3])) * step(1.1, 0.2, share)
        haze = colour(0.36, 0.39, 0.43) * np.float32(rng.uniform(0.0, 0.22))
        return mix(black + haze, colour(0.52, 0.16, 0.08), reflex)
    dense = float(rng.uniform(0.4, 1.0))
    kind = int(rng.integers(4))
    spokes = np.cos(eye.angle * np.float32(rng.integers(5, 10)) + 0.9 * clouds + np.float32(rng.uniform(0, 6)))
    veil = [
        step(1.25, 0.1, share) * (0.85 + 0.08 * clouds),  # nuclear: densest in the middle
        step(-0.1, 0.7, spokes) * step(0.15, 0.75, share) + 0.25,  # cortical: spokes from the rim
        step(0.75, 0.25, share + 0.16 * clouds) + 0.12,  # posterior: a ragged plate in the middle
        0.95 + 0.10 * clouds,  # mature: white throughout
    ][kind]
    tints = ((0.74, 0.62, 0.42), (0.78, 0.79, 0.78), (0.76, 0.74, 0.66), (0.86, 0.86, 0.84))
    tint = colour(*(np.array(tints[kind]) * rng.uniform(0.85, 1.05)))
    return mix(black, tint, np.clip(veil * dense, 0, 1) * (0.75 + 0.25 * step(1.0, 0.9, share)))


def _lid_shadow(eye: Eye) -> Field:
    inside = np.clip(eye.opening * 40 + 0.5, 0, 1)
    return as_field(inside * np.exp(-np.clip(eye.y - eye.upper, 0, 2) / np.float32(0.1)))


def _reflections(rng: Rng, eye: Eye) -> Field:
    """Mirror images on the wet cornea: a window, a lamp or a ring light, the room, and the tear line."""
    spot = rng.uniform(-0.55, 0.55, 2)
    across = eye.radius * np.cos(eye.angle) - np.float32(spot[0])
    down = eye.radius * np.sin(eye.angle) - np.float32(-abs(spot[1]))
    large = float(rng.uniform(0.12, 0.26))
    kind = int(rng.integers(3))
    if kind == 0:
        panes = np.minimum(large - np.abs(across + 0.3 * down * down), 1.25 * large - np.abs(down))
        bars = np.minimum(np.abs(across), np.abs(down - 0.02)) - 0.022
        shape = np.minimum(panes, bars) if rng.random() < 0.6 else panes
    else:
        distance = np.sqrt(across**2 + down**2)
        shape = 0.6 * large - distance if kind == 1 else 0.045 - np.abs(distance - large)
    image = step(-0.02, 0.03, shape) * np.float32(rng.uniform(0.45, 1.3))
    small = np.exp(-(((across + 0.7 * large + 0.25) ** 2 + (down - 0.5) ** 2) / 0.004)) * np.float32(
        rng.uniform(0, 0.6)
    )
    room = np.clip(fractal(rng, eye.x.shape[0], slope=2.3, high=10), 0, 2) * np.float32(rng.uniform(0.0, 0.05))
    cornea = step(1.08, 0.95, eye.radius) * np.clip(eye.opening * 30, 0, 1)
    tear = step(0.05, 0.02, eye.lower - eye.y) * step(-0.01, 0.015, eye.lower - eye.y) * step(0.8, 0.5, np.abs(eye.x))
    glint = 0.25 * tear * np.clip(fractal(rng, eye.x.shape[0], slope=1.2, low=4), 0, 2)
    return as_field(((image + small + room) * cornea + glint) * colour(0.95, 0.98, 1.0))


def _lashes(rng: Rng, eye: Eye) -> Field:
    """Coverage of the lashes: long and bent upwards above, short and sparse below."""
    size = eye.x.shape[0]
    ink = np.zeros((size, size), dtype=np.float32)
    across, down = frame(size)
    thick, long = float(rng.uniform(0.007, 0.012)), float(rng.uniform(0.6, 1.2))
    roots = np.sort(rng.uniform(-0.86, 0.86, int(rng.integers(44, 72)))).astype(np.float32)
    above = rng.random(len(roots)) < 0.64
    base = np.where(above, eye.lids.upper(roots), eye.lids.lower(roots))
    for root, start, top in zip(roots.tolist(), base.tolist(), above.tolist(), strict=True):
        reach = (-0.26 if top else 0.13) * long * float(rng.uniform(0.6, 1.0)) * (1 - 0.45 * root * root)
        lean = 0.55 * root * abs(reach) + float(rng.normal(0, 0.02))
        bend = (root + 0.35 * lean, start + (0.08 if top else 0.35) * reach * (1 + 0.5 * abs(root)))
        points = [eye.place.picture(point) for point in ((root, start), bend, (root + 1.6 * lean, start + reach))]
        _hair(ink, across, down, points, thick)
    return ink


def _hair(ink: Field, across: Field, down: Field, points: list[tuple[float, float]], thick: float) -> None:
    """Darken `ink` along a tapering hair, working in the smallest window that holds it."""
    size = ink.shape[0]
    corners = (np.array(points) + 1) * (size / 2)
    low = np.clip(corners.min(axis=0).astype(int) - 2, 0, size)
    high = np.clip(corners.max(axis=0).astype(int) + 3, 0, size)
    if (high <= low).any():
        return
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    depth, _ = strokes(across[window], down[window], points, width=thick, tip=0.002)
    ink[window] = np.maximum(ink[window], np.clip(depth * np.float32(size / 2) + 0.5, 0, 1))
