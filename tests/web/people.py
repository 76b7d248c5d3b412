"""Accounts for tests, and how they sign in."""

from __future__ import annotations

import time

from starlette.testclient import TestClient

from sightloop.core.entities import Role, User
from sightloop.core.ids import new_id
from sightloop.flows.services import Services
from sightloop.store import users

PASSWORD = "correct horse battery"
ALL_SCOPES = ("view", "label", "upload", "export", "train", "promote", "manage", "administer")


def add_account(services: Services, role: Role) -> User:
    """An account that nobody can sign in to: hashing passwords takes its time."""
    user = User(new_id(), f"{new_id()}@example.org", "Somebody", role, time.time())
    with services.db.begin() as db:
        users.add(db, user, password_hash="!")
    return user


def register(client: TestClient, email: str) -> dict[str, object]:
    body = {"email": email, "name": "Ana", "password": PASSWORD}
    answer = client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def sign_in(client: TestClient, email: str, password: str = PASSWORD) -> int:
    return client.post("/api/v1/auth/login", json={"email": email, "password": password}).status_code


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
