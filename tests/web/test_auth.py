"""Accounts over HTTP: register, sign in and out, tokens, throttling, forged requests."""

from __future__ import annotations

import json
from collections.abc import Callable

import jwt
import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from tests.web.people import PASSWORD, add_account, bearer, register, sign_in


def test_the_first_account_is_the_administrator_and_the_next_is_not(client: TestClient) -> None:
    assert register(client, "ana@example.org")["role"] == "admin"
    assert register(client, "ben@example.org")["role"] == "reviewer"


def test_no_answer_about_an_account_holds_its_password_or_hash(client: TestClient) -> None:
    made = json.dumps(register(client, "ana@example.org")).lower()
    assert "hash" not in made
    assert "password" not in made
    assert PASSWORD not in made


def test_a_taken_address_is_refused_whatever_its_letters_case(client: TestClient) -> None:
    register(client, "ana@example.org")
    body = {"email": "ANA@example.org", "name": "Ana", "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=body).status_code == 409


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(client: TestClient) -> None:
    register(client, "ana@example.org")
    answer = client.post("/api/v1/auth/login", json={"email": "ana@example.org", "password": PASSWORD})
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert "path=/" in flags


def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(client: TestClient) -> None:
    register(client, "ana@example.org")
    wrong = client.post("/api/v1/auth/login", json={"email": "ana@example.org", "password": "not this one"})
    unknown = client.post("/api/v1/auth/login", json={"email": "eve@example.org", "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_the_sixth_bad_login_is_throttled_even_with_the_right_password(client: TestClient) -> None:
    register(client, "ana@example.org")
    assert [sign_in(client, "ana@example.org", "wrong password") for _ in range(5)] == [401] * 5
    answer = client.post("/api/v1/auth/login", json={"email": "ana@example.org", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_copied_cookie_is_worthless_after_log_out(admin: TestClient) -> None:
    stolen = dict(admin.cookies)
    assert admin.get("/api/v1/auth/me").status_code == 200
    assert admin.post("/api/v1/auth/logout").status_code == 204
    admin.cookies.update(stolen)
    assert admin.get("/api/v1/auth/me").status_code == 401


def test_a_new_password_ends_the_sessions_of_other_browsers(admin: TestClient) -> None:
    other = TestClient(admin.app, headers={"X-Sightloop": "1"})
    sign_in(other, "admin@example.org")
    assert other.get("/api/v1/auth/me").status_code == 200
    change = {"old": PASSWORD, "new": "another long phrase"}
    assert admin.post("/api/v1/auth/password", json=change).status_code == 204
    assert other.get("/api/v1/auth/me").status_code == 401
    assert admin.get("/api/v1/auth/me").status_code == 200


@pytest.mark.parametrize(
    "changes", [{"alg": "none"}, {"key": b"x" * 32}, {"alg": "HS512"}, {"aud": "other"}, {"exp": 1}, {"jti": None}]
)
def test_a_cookie_that_this_server_did_not_sign_so_is_refused(
    admin: TestClient, services: Services, changes: dict[str, object]
) -> None:
    genuine = admin.cookies["sightloop_session"]
    claims = jwt.decode(genuine, services.secret, algorithms=["HS256"], audience="sightloop")
    claims |= {name: value for name, value in changes.items() if name in claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    algorithm = str(changes.get("alg", "HS256"))
    key = changes.get("key", services.secret * 2 if algorithm == "HS512" else services.secret)
    forged = jwt.encode(claims, "" if algorithm == "none" else key, algorithm=algorithm)  # type: ignore[arg-type]
    admin.cookies.clear()
    assert admin.get("/api/v1/auth/me", headers={"Cookie": f"sightloop_session={genuine}"}).status_code == 200
    assert admin.get("/api/v1/auth/me", headers={"Cookie": f"sightloop_session={forged}"}).status_code == 401


def test_a_closed_account_is_out_at_once(admin: TestClient) -> None:
    other = TestClient(admin.app, headers={"X-Sightloop": "1"})
    made = register(other, "ben@example.org")
    sign_in(other, "ben@example.org")
    assert other.get("/api/v1/auth/me").status_code == 200
    assert admin.patch(f"/api/v1/users/{made['id']}", json={"disabled": True}).status_code == 200
    assert other.get("/api/v1/auth/me").status_code == 401
    assert sign_in(other, "ben@example.org") == 401


def test_the_last_administrator_cannot_step_down(admin: TestClient) -> None:
    me = admin.get("/api/v1/auth/me").json()
    assert admin.patch(f"/api/v1/users/{me['id']}", json={"role": "viewer"}).status_code == 409
    assert admin.patch(f"/api/v1/users/{me['id']}", json={"disabled": True}).status_code == 409


def test_a_token_works_until_it_is_revoked_and_its_secret_is_shown_once(admin: TestClient) -> None:
    made = admin.post("/api/v1/tokens", json={"name": "cam", "scopes": ["view"], "days": 30}).json()
    machine = TestClient(admin.app, headers=bearer(made["secret"]))
    assert machine.get("/api/v1/projects").status_code == 200
    assert made["secret"] not in admin.get("/api/v1/tokens").text
    assert admin.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert machine.get("/api/v1/projects").status_code == 401


def test_a_token_may_only_do_what_it_was_made_for(admin: TestClient) -> None:
    made = admin.post("/api/v1/tokens", json={"name": "cam", "scopes": ["view"]}).json()
    machine = TestClient(admin.app, headers=bearer(made["secret"]))
    answer = machine.post("/api/v1/projects", json={"name": "paint"})
    assert answer.status_code == 403
    assert "manage" in answer.json()["detail"]


def test_a_token_cannot_make_further_tokens(admin: TestClient) -> None:
    made = admin.post("/api/v1/tokens", json={"name": "cam", "scopes": ["view", "administer"]}).json()
    machine = TestClient(admin.app, headers=bearer(made["secret"]))
    assert machine.post("/api/v1/tokens", json={"name": "more", "scopes": ["manage"]}).status_code == 403


def test_somebody_elses_token_cannot_be_revoked(admin: TestClient, client: TestClient) -> None:
    made = admin.post("/api/v1/tokens", json={"name": "cam", "scopes": ["view"]}).json()
    other = TestClient(admin.app, headers={"X-Sightloop": "1"})
    register(other, "ben@example.org")
    sign_in(other, "ben@example.org")
    assert other.delete(f"/api/v1/tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Sightloop": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_request_that_another_site_caused_is_refused(admin: TestClient, headers: dict[str, str]) -> None:
    answer = admin.post("/api/v1/projects", json={"name": "paint"}, headers=headers)
    assert answer.status_code == 403
    assert admin.get("/api/v1/projects").json()["items"] == []


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}])
def test_the_servers_own_page_may_change_things(admin: TestClient, headers: dict[str, str]) -> None:
    assert admin.post("/api/v1/projects", json={"name": "paint"}, headers=headers).status_code == 201


def test_a_token_needs_no_proof_of_origin(client: TestClient, token: Callable[..., str]) -> None:
    machine = TestClient(client.app, headers=bearer(token("admin")))
    assert machine.post("/api/v1/projects", json={"name": "paint"}).status_code == 201


def test_a_second_user_does_not_learn_that_a_project_exists(
    client: TestClient, token: Callable[..., str], paint: Project
) -> None:
    client.headers.update(bearer(token("maintainer")))
    missing = client.get("/api/v1/projects/nothing")
    hidden = client.get("/api/v1/projects/paint")
    assert missing.status_code == hidden.status_code == 404
    assert hidden.json()["detail"].replace("paint", "nothing") == missing.json()["detail"]


def test_an_account_without_a_usable_password_cannot_be_signed_in_to(client: TestClient, services: Services) -> None:
    locked = add_account(services, "viewer")
    assert sign_in(client, locked.email, "!") == 401


def test_a_stranger_learns_whether_to_register_or_to_ask_for_an_account(client: TestClient) -> None:
    fresh = client.get("/api/v1/auth/options").json()
    assert (fresh["registration"], fresh["first"]) == ("open", True)
    assert fresh["version"]
    register(client, "ana@example.org")
    assert client.get("/api/v1/auth/options").json()["first"] is False


def test_an_administrator_opens_closes_and_opens_an_account(admin: TestClient) -> None:
    new = {"email": "ben@example.org", "name": "Ben", "password": PASSWORD, "role": "maintainer"}
    made = admin.post("/api/v1/users", json=new)
    assert (made.status_code, made.json()["role"]) == (201, "maintainer")
    assert admin.post("/api/v1/users", json=new).status_code == 409
    account = f"/api/v1/users/{made.json()['id']}"
    assert admin.patch(account, json={"disabled": True}).json()["disabled_at"]
    assert sign_in(admin, "ben@example.org") == 401
    assert admin.patch(account, json={"disabled": False}).json()["disabled_at"] is None
    assert admin.patch(account, json={}).status_code == 422
    assert sign_in(admin, "ben@example.org") == 200
