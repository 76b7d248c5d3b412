"""LightGBM's text of boosted trees, read as data and walked through with numpy: serving runs no foreign code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Embedding
from sightloop.core.errors import BadBundle

CATEGORICAL = 1  # bit of a decision's type
TREE = re.compile(r"^Tree=\d+$(.*?)(?=^Tree=|^end of trees$)", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees in one table; a leaf leads to itself and alone has a value.

    `feature`, `threshold`, `left`, `right` and `value` are (nodes,), `roots` (trees,) in rounds of `scores` trees, and
    after `depth` steps every walk has arrived.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    scores: int
    depth: int

    @classmethod
    def open(cls, path: Path) -> Trees:
        """Read LightGBM's text. Raises BadBundle where it is none, or has more than plain numeric decisions."""
        try:
            return cls.parse(path.read_text())
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise BadBundle(f"{path.name} holds no trees that can be read: {error!r}.") from error

    @classmethod
    def parse(cls, text: str) -> Trees:
        """The trees in LightGBM's text. Raises ValueError or KeyError."""
        head = dict(LINE.findall(text.partition("Tree=")[0]))
        scores = int(head["num_tree_per_iteration"])
        tables, roots, depth, size = [], [], 0, 0
        for found in TREE.finditer(text):
            table, deep = _table(dict(LINE.findall(found[1])), start=size)
            roots.append(size)
            tables.append(table)
            depth, size = max(depth, deep), size + len(table[0])
        if scores < 1 or not roots or len(roots) % scores:
            raise ValueError(f"{len(roots)} trees for {scores} scores")
        feature, threshold, left, right, value = (np.concatenate(column) for column in zip(*tables, strict=True))
        return cls(feature, threshold, left, right, value, np.array(roots), scores, depth)

    @property
    def width(self) -> int:
        """How many numbers an embedding has at least."""
        return int(self.feature.max(initial=0)) + 1

    def __call__(self, embeddings: Embedding) -> NDArray[np.float64]:
        """The sums of the trees' values, (n, scores), for embeddings (n, d)."""
        at = np.tile(self.roots, (len(embeddings), 1))  # (n, trees)
        rows = np.arange(len(embeddings))[:, None]
        for _ in range(self.depth):
            smaller = embeddings[rows, self.feature[at]] <= self.threshold[at]
            at = np.where(smaller, self.left[at], self.right[at])
        found = self.value[at].reshape(len(embeddings), len(self.roots) // self.scores, self.scores)
        return np.asarray(found.sum(axis=1), np.float64)


def _table(said: Mapping[str, str], *, start: int) -> tuple[tuple[NDArray[Any], ...], int]:
    """One tree's part of the table, whose first row is `start`: its decisions, then its leaves; and its depth."""
    leaves = int(said["num_leaves"])
    inner = leaves - 1
    if leaves < 1 or int(said.get("num_cat", 0)) or int(said.get("is_linear", 0)):
        raise ValueError(f"a tree with {leaves} leaves, or of an unknown kind")
    feature, threshold = _numbers(said, "split_feature", inner), _numbers(said, "threshold", inner)
    left, right = (_numbers(said, f"{side}_child", inner).astype(np.int64) for side in ("left", "right"))
    left, right = (np.where(side < 0, inner + ~side, side) for side in (left, right))  # leaf k is written as -k - 1
    kinds = _numbers(said, "decision_type", inner).astype(np.int64)
    if inner and (feature.min() < 0 or (kinds & CATEGORICAL).any()):
        raise ValueError("a decision that is not about a number")
    itself = np.arange(inner, inner + leaves)
    nothing = np.zeros(leaves)
    columns = (
        np.concatenate([feature, nothing]).astype(np.int64),
        np.concatenate([threshold, nothing]),
        np.concatenate([left, itself]) + start,
        np.concatenate([right, itself]) + start,
        np.concatenate([np.zeros(inner), _numbers(said, "leaf_value", leaves)]),
    )
    return columns, _depth(left, right, leaves)


def _numbers(said: Mapping[str, str], name: str, count: int) -> NDArray[np.float64]:
    values = np.array(said[name].split() if count else [], np.float64)
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(f"{name} has {len(values)} numbers instead of {count}, or no finite ones")
    return values


def _depth(left: NDArray[np.int64], right: NDArray[np.int64], leaves: int) -> int:
    """The longest way from the root to a leaf. Raises ValueError unless each node follows on exactly one before it."""
    inner = len(left)
    if sorted([0, *left.tolist(), *right.tolist()]) != list(range(inner + leaves)):
        raise ValueError("nodes that no or several ways lead to")
    depths = [0] * (inner + leaves)
    for node in range(inner):
        for child in (int(left[node]), int(right[node])):
            if child <= node:
                raise ValueError("a way that leads back")
            depths[child] = depths[node] + 1
    return max(depths)
