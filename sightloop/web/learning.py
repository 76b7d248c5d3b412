"""The nouns of the API about learning: what is learnt from, trainings, searches, how they went, answers again."""

from __future__ import annotations

from sightloop.web.api import (
    cascades,
    drift,
    lessons,
    pipelines,
    replay,
    retraining,
    rollout,
    runs,
    searches,
    snapshots,
    trainings,
    wanted,
)

LEARNING = (
    lessons,
    trainings,
    retraining,
    searches,
    cascades,
    drift,
    wanted,
    rollout,
    runs,
    snapshots,
    replay,
    pipelines,
)
