"""The nouns of the API that belong to the installation and not to a project."""

from __future__ import annotations

from sightloop.web.api import auth, jobs, notices, status, users

ACCOUNTS = (auth, users)
WORK = (jobs, status, notices)
