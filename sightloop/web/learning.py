"""The nouns of the API about learning: what is learnt from, trainings, searches, how they went, answers again."""

from __future__ import annotations

from sightloop.web.api import cascades, drift, lessons, replay, runs, searches, trainings

LEARNING = (lessons, trainings, searches, cascades, drift, runs, replay)
