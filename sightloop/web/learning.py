"""The nouns of the API about learning: what is learnt from, trainings, and how they went."""

from __future__ import annotations

from sightloop.web.api import lessons, runs, trainings

LEARNING = (lessons, trainings, runs)
