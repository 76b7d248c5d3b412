"""The parameters of every family, checked without importing torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar, cast, get_type_hints

from sightloop.core.errors import Rejected

STAGES = ("none", "upto_stage_1", "upto_stage_2", "upto_stage_3", "head_only")
LAST_BLOCKS = re.compile(r"last_([1-9][0-9]?)_blocks")
MODES = ("crop", "squash")
PRECISIONS = ("auto", "bf16", "fp32")
PLAIN = "plain"  # the encoder of the U-Net itself, for which nobody has weights
LIVE = "live"  # weights of the version that is live

P = TypeVar("P")


def _number(default: float, low: float, high: float, *, help: str) -> Any:  # noqa: A002
    return field(default=default, metadata={"low": low, "high": high, "help": help})


def _choice(default: str, choices: tuple[str, ...], *, pattern: re.Pattern[str] | None = None, help: str) -> Any:  # noqa: A002
    return field(default=default, metadata={"choices": choices, "pattern": pattern, "help": help})


def _text(default: str, *, help: str) -> Any:  # noqa: A002
    return field(default=default, metadata={"help": help})


def _channels(*, help: str) -> Any:  # noqa: A002
    return field(default=None, metadata={"help": help})


@dataclass(frozen=True)
class Common:
    """What every family needs to know: the backbone, its weights and how pixels become its input."""

    backbone: str = _text("resnet50", help="a timm model name")
    weights: str = _text("auto", help="auto, none, hub, or a .safetensors or .pth file")
    input_size: int = _number(224, 16, 1024, help="side of the model's input in pixels")
    resize: str = _choice("squash", MODES, help="squash keeps the borders, crop keeps the aspect and cuts the borders")
    mean: tuple[float, float, float] | None = _channels(help="overrides the mean that the weights ask for")
    std: tuple[float, float, float] | None = _channels(help="overrides the deviation that the weights ask for")
    pad_type: str = _choice("", ("", "same"), help="overrides the padding that the weights ask for")
    batch: int = _number(32, 2, 1024, help="pictures per batch")
    precision: str = _choice("auto", PRECISIONS, help="auto takes bf16 where the processor computes in it")
    threads: int = _number(0, 0, 256, help="cores for the arithmetic, 0 is all; small networks leave one to decoding")
    seed: int = _number(0, 0, 2**31 - 1, help="the same seed gives the same model on the same machine")
    region: str = _choice("", ("", "eye"), help="the part of the picture that is looked at; eye finds the iris")
    int8: bool = field(default=False, metadata={"help": "also make an 8-bit copy, kept only where it answers as well"})


@dataclass(frozen=True)
class Taught(Common):
    """What every family needs to know that learns in epochs."""

    epochs: int = _number(10, 1, 1000, help="passes over the training pictures")
    lr: float = _number(1e-3, 1e-7, 1.0, help="highest learning rate of what is not pretrained")
    backbone_lr: float = _number(
        0.1, 0.0, 1.0, help="the backbone's learning rate as a share of lr, with pretrained weights"
    )
    weight_decay: float = _number(0.02, 0.0, 1.0, help="AdamW's, on matrices only")
    warmup: float = _number(0.15, 0.0, 0.9, help="share of the steps in which the learning rate rises")
    patience: int = _number(5, 0, 1000, help="epochs without a better calibration side before stopping; 0 never stops")
    augment: bool = field(default=True, metadata={"help": "False switches every augmentation off"})
    channels_last: bool = field(
        default=True, metadata={"help": "keep colours innermost in memory, faster on processors"}
    )
    checkpoint_seconds: float = _number(15.0, 0.0, 3600.0, help="shortest time between two checkpoints")


@dataclass(frozen=True)
class TransferParams(Taught):
    """Fine-tuning a timm backbone with a custom head."""

    weights: str = _text(
        "auto", help="auto, none, hub, a .safetensors or .pth file, or live: go on from the live model"
    )
    freeze: str = _choice(
        "upto_stage_3", STAGES, pattern=LAST_BLOCKS, help="what stays as it is; last_2_blocks trains two"
    )
    dropout: float = _number(0.5, 0.0, 0.95, help="share of head inputs dropped while training")
    hidden: int = _number(512, 1, 4096, help="width of the head's hidden layer")
    label_smoothing: float = _number(0.0, 0.0, 0.5, help="share of the target spread over all classes")
    rotation: float = _number(10.0, 0.0, 180.0, help="augmentation: at most this many degrees either way")
    flip_horizontal: bool = field(default=True, metadata={"help": "augmentation: mirror half of the pictures"})
    flip_vertical: bool = field(default=False, metadata={"help": "augmentation: turn half of the pictures upside down"})
    zoom: float = _number(0.2, 0.0, 0.9, help="augmentation: at most this share of each side cut away")
    gaussian_blur: float = _number(0.0, 0.0, 10.0, help="augmentation: at most this sigma in pixels")
    motion_blur: int = _number(0, 0, 64, help="augmentation: at most this length in pixels")
    brightness: float = _number(0.15, 0.0, 1.0, help="augmentation: at most this share brighter or darker")
    contrast: float = _number(0.15, 0.0, 1.0, help="augmentation: at most this share more or less contrast")
    cache: bool = field(default=True, metadata={"help": "compute the frozen part once per view, not once per epoch"})
    views: int = _number(2, 1, 64, help="copies of each picture in the cache: itself, the others augmented")


@dataclass(frozen=True)
class UnetParams(Taught):
    """An Attention U-Net that learns masks on random tiles of pictures at their own size."""

    backbone: str = _text("mobilenetv2_100", help="plain, or a timm model name with features at every stride")
    weights: str = _text(
        "auto", help="auto, none, hub, a .safetensors or .pth file, or live: go on from the live model"
    )
    input_size: int = _number(640, 32, 4096, help="longest side of the tiles that answer a large picture, in pixels")
    resize: str = _choice("native", ("native",), help="pictures keep their size")
    region: str = _choice("", ("",), help="the whole picture is looked at")
    width: int = _number(64, 4, 256, help="channels of the plain encoder's first level; each level doubles them")
    decoder: int = _number(16, 4, 256, help="channels of the decoder's finest level over a timm backbone")
    tile: int = _number(256, 32, 2048, help="side of the tiles learnt from, in pixels")
    tiles: int = _number(4, 1, 64, help="tiles of each picture per epoch, half of them on something that is marked")
    batch: int = _number(16, 2, 1024, help="tiles per batch")
    epochs: int = _number(20, 1, 1000, help="passes over the training pictures")
    lr: float = _number(1.5e-3, 1e-7, 1.0, help="highest learning rate of what is not pretrained")
    backbone_lr: float = _number(0.3, 0.0, 1.0, help="the encoder's learning rate as a share of lr, if pretrained")
    weight_decay: float = _number(0.01, 0.0, 1.0, help="AdamW's, on matrices only")
    warmup: float = _number(0.1, 0.0, 0.9, help="share of the steps in which the learning rate rises")
    patience: int = _number(8, 0, 1000, help="epochs without a better calibration Dice before stopping; 0 never stops")
    averaging: float = _number(0.995, 0.0, 0.9999, help="share of the averaged weights that a step keeps; 0 is off")
    deep: float = _number(0.3, 0.0, 1.0, help="weight of the loss on coarser levels")
    turns: bool = field(default=True, metadata={"help": "augmentation: mirror, and turn by quarters"})
    rotation: float = _number(20.0, 0.0, 180.0, help="augmentation: at most this many degrees either way")
    zoom: float = _number(1.6, 1.0, 4.0, help="augmentation: at most so many times larger or smaller")
    brightness: float = _number(0.3, 0.0, 1.0, help="augmentation: at most this share brighter or darker")
    contrast: float = _number(0.3, 0.0, 1.0, help="augmentation: at most this share more or less contrast")
    colour: float = _number(0.1, 0.0, 1.0, help="augmentation: at most this share more or less of each colour")
    gaussian_blur: float = _number(1.2, 0.0, 10.0, help="augmentation of every fifth tile: at most this sigma")
    noise: float = _number(10.0, 0.0, 100.0, help="augmentation of every fifth tile: at most this deviation of 255")
    flips: bool = field(
        default=False, metadata={"help": "answer with the mean of four mirrored copies: four times slower"}
    )


@dataclass(frozen=True)
class LinearParams(Common):
    """A logistic regression on a frozen embedding."""

    backbone: str = _text("mobilenetv2_100", help="a timm model name")
    c: float = _number(0.0, 0.0, 1e6, help="inverse regularisation; 0 chooses it by grouped cross-validation")
    folds: int = _number(4, 2, 10, help="folds of that cross-validation")
    mirror_below: int = _number(2000, 0, 10**6, help="up to this many training pictures are also learnt mirrored")


@dataclass(frozen=True)
class BoostedParams(Common):
    """Gradient-boosted trees (LightGBM) that go on from a logistic regression on a frozen embedding."""

    backbone: str = _text("mobilenetv2_100", help="a timm model name")
    weights: str = _text(
        "auto", help="auto, none, hub, a .safetensors or .pth file, or live: the encoder of the live model"
    )
    search: str = _choice("tpe", ("none", "grid", "tpe"), help="how the trees' parameters are chosen")
    trials: int = _number(20, 1, 1000, help="how many choices TPE tries")
    folds: int = _number(4, 2, 10, help="folds, of whole groups, that a choice is judged with")
    rounds: int = _number(300, 1, 10000, help="at most so many trees of each class; stops early by itself")
    learning_rate: float = _number(0.05, 1e-4, 1.0, help="share of each tree that counts; a search begins here")
    leaves: int = _number(4, 2, 1024, help="leaves of a tree; a search begins here")
    least: int = _number(10, 1, 10000, help="pictures in a leaf at least; a search begins here")
    columns: float = _number(0.05, 0.01, 1.0, help="share of the embedding that each tree sees; a search begins here")
    penalty: float = _number(1.0, 0.0, 1e4, help="L2 regularisation; a search begins here")
    mirror_below: int = _number(2000, 0, 10**6, help="up to this many training pictures are also learnt mirrored")


@dataclass(frozen=True)
class CascadeParams:
    """A fast model that answers when it is sure and an accurate one for the rest, with a certified limit between."""

    fast: str = _text("", help="version of the fast member; the quickest that is there where empty")
    accurate: str = _text("", help="version of the accurate member; the best that is there where empty")
    epsilon: float = _number(0.02, 1e-4, 0.5, help="accuracy that may be lost against the accurate member")
    delta: float = _number(0.05, 1e-6, 0.5, help="chance that the promise is broken all the same")
    human: float = _number(
        0.0, 0.0, 0.5, help="share of wrong answers that may be given; what is less sure goes to people; 0 gives all"
    )
    labelled: bool = field(
        default=True, metadata={"help": "False counts disagreements with the accurate member instead of its rescues"}
    )
    audit: float = _number(0.02, 0.0, 1.0, help="share of the fast member's answers that the accurate one checks too")
    seed: int = _number(0, 0, 2**31 - 1, help="the same seed gives the same intervals")
    weights: str = _choice("none", ("none",), help="it learns nothing: its members have")
    backbone: str = _choice("", ("",), help="its members have theirs")


PARAMS: dict[str, type[Any]] = {
    "transfer": TransferParams,
    "linear": LinearParams,
    "boosted": BoostedParams,
    "cascade": CascadeParams,
    "attention_unet": UnetParams,
}


def build(kind: type[P], values: Mapping[str, Any]) -> P:
    """An instance of `kind` from JSON values over its defaults. Raises Rejected, naming the parameter."""
    specs = {spec.name: spec for spec in fields(cast(Any, kind))}
    if unknown := sorted(set(values) - set(specs)):
        raise Rejected(f"unknown parameter {', '.join(map(repr, unknown))}.", hint=f"Known: {', '.join(specs)}.")
    hints = get_type_hints(kind)
    return kind(**{name: _checked(name, value, hints[name], specs[name].metadata) for name, value in values.items()})


def defaults(kind: type[Any]) -> dict[str, Any]:
    """The defaults of `kind`, ready for JSON."""
    return {spec.name: spec.default for spec in fields(kind) if spec.default is not MISSING}


def described(kind: type[Any]) -> list[dict[str, Any]]:
    """What a form needs to know of every parameter of `kind`, in their order.

    Returns rows {name, about, takes, default, low, high, choices, pattern}: `takes` is int, float, bool, text, choice
    or channels (nothing, or three numbers); a choice with a `pattern` also takes what matches it.
    """
    hints = get_type_hints(kind)
    return [_row(spec, hints[spec.name]) for spec in fields(kind)]


def _row(spec: Field[Any], kind: Any) -> dict[str, Any]:
    rules = spec.metadata
    pattern = rules.get("pattern")
    plain = {int: "int", float: "float", bool: "bool", str: "text"}.get(kind, "channels")
    return {
        "name": spec.name,
        "about": rules["help"],
        "takes": "choice" if "choices" in rules else plain,
        "default": spec.default,
        "low": rules.get("low"),
        "high": rules.get("high"),
        "choices": list(rules.get("choices", ())),
        "pattern": pattern.pattern if pattern else None,
    }


def _checked(name: str, value: Any, kind: Any, rules: Mapping[str, Any]) -> Any:
    if kind in (int, float):
        return _checked_number(name, value, kind, rules)
    if kind in (bool, str):
        if not isinstance(value, kind):
            raise Rejected(f"parameter {name}={value!r} is not {'true or false' if kind is bool else 'text'}.")
        if "choices" in rules and value not in rules["choices"]:
            _check_pattern(name, value, rules)
        return value
    return _checked_channels(name, value)


def _checked_number(name: str, value: Any, kind: type[Any], rules: Mapping[str, Any]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and value != int(value)):
        raise Rejected(f"parameter {name}={value!r} is not {'a whole number' if kind is int else 'a number'}.")
    if not rules["low"] <= value <= rules["high"]:
        raise Rejected(f"parameter {name}={value!r} is not within {rules['low']:g} and {rules['high']:g}.")
    return kind(value)


def _check_pattern(name: str, value: str, rules: Mapping[str, Any]) -> None:
    pattern: re.Pattern[str] | None = rules["pattern"]
    if pattern is None or not pattern.fullmatch(value):
        known = ", ".join(repr(choice) for choice in rules["choices"])
        raise Rejected(f"parameter {name}={value!r} is none of {known}{' or last_N_blocks' if pattern else ''}.")


def _checked_channels(name: str, value: Any) -> tuple[float, float, float] | None:
    """None, one number for all three channels, or three numbers."""
    if value is None:
        return None
    numbers = [value] * 3 if isinstance(value, int | float) else list(value) if isinstance(value, list | tuple) else []
    if len(numbers) != 3 or not all(isinstance(number, int | float) and 0 <= number <= 1 for number in numbers):
        raise Rejected(f"parameter {name}={value!r} is not one or three numbers within 0 and 1.")
    if name == "std" and min(numbers) <= 0:
        raise Rejected(f"parameter std={value!r} must be above 0.")
    return (float(numbers[0]), float(numbers[1]), float(numbers[2]))
