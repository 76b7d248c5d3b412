"""Accounts without a door: passwords, sessions, throttling and tokens on real rows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightloop.core.entities import User
from sightloop.core.errors import (
    Conflict,
    Forbidden,
    Missing,
    Rejected,
    SightloopError,
    Throttled,
    Unauthenticated,
)
from sightloop.flows import accounts
from sightloop.flows.services import Services
from sightloop.store import tables

PASSWORD = "correct horse battery"


@pytest.fixture
def ana(services: Services) -> User:
    return accounts.register(services, email="Ana@Example.org ", name="Ana", password=PASSWORD)


def sign_in(services: Services, password: str = PASSWORD, address: str = "192.0.2.1") -> accounts.Ticket:
    return accounts.login(services, email="ana@example.org", password=password, address=address)


def test_the_first_account_is_the_administrator(services: Services, ana: User) -> None:
    ben = accounts.register(services, email="ben@example.org", name="Ben", password=PASSWORD)
    assert (ana.role, ben.role) == ("admin", services.default_role)


def test_an_address_is_one_account_in_any_letter_case(services: Services, ana: User) -> None:
    assert ana.email == "ana@example.org"
    with pytest.raises(Conflict):
        accounts.register(services, email="ANA@EXAMPLE.ORG", name="Ana", password=PASSWORD)


def test_asking_for_taken_addresses_is_throttled(services: Services, ana: User) -> None:
    for _ in range(accounts.MAX_FAILURES):
        with pytest.raises(Conflict):
            accounts.register(services, email="ana@example.org", name="A", password=PASSWORD, address="192.0.2.1")
    with pytest.raises(Throttled):
        accounts.register(services, email="new@example.org", name="A", password=PASSWORD, address="192.0.2.1")


@pytest.mark.parametrize("password", ["short", "x" * 1025, "ana@example.org", "Ana@Example.org"])
def test_a_password_that_can_be_guessed_is_refused(services: Services, password: str) -> None:
    with pytest.raises(Rejected) as caught:
        accounts.register(services, email="ana@example.org", name="Ana", password=password)
    assert password not in caught.value.message


@pytest.mark.parametrize("email", ["", "ana", "a b@c", "a@b@c", "@b", "a@", "a@b.c\x00", "x" * 250 + "@b.org"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Rejected):
        accounts.check_email(email)


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused_and_never_an_accident(text: str) -> None:
    try:
        clean = accounts.check_email(text)
    except Rejected:
        return
    assert accounts.check_email(clean) == clean


def test_the_password_is_kept_as_argon2id_with_the_parameters_of_owasp(services: Services, ana: User) -> None:
    with services.db.connect() as db:
        kept = db.execute(tables.users.select()).one().password_hash
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_session_belongs_to_who_signed_in_until_they_sign_out(services: Services, ana: User) -> None:
    ticket = sign_in(services)
    assert accounts.whoami(services, jti=ticket.jti) == ana
    accounts.logout(services, jti=ticket.jti)
    with pytest.raises(Unauthenticated):
        accounts.whoami(services, jti=ticket.jti)


@pytest.mark.parametrize(("column", "seconds"), [("seen_at", 1801), ("expires_at", 43_201)])
def test_a_session_ends_by_itself(services: Services, ana: User, column: str, seconds: float) -> None:
    ticket = sign_in(services)
    sessions = tables.sessions
    with services.db.begin() as db:
        db.execute(sessions.update().values({column: sessions.c[column] - seconds}))
    with pytest.raises(Unauthenticated):
        accounts.whoami(services, jti=ticket.jti)


def test_a_session_in_use_stays_alive(services: Services, ana: User) -> None:
    ticket = sign_in(services)
    sessions = tables.sessions
    with services.db.begin() as db:
        db.execute(sessions.update().values(seen_at=sessions.c.seen_at - 1700))
    accounts.whoami(services, jti=ticket.jti)
    with services.db.connect() as db:
        assert db.execute(sessions.select()).one().seen_at > services.db.now(db) - 60


def test_the_sixth_failure_is_throttled_for_this_address_only(services: Services, ana: User) -> None:
    for _ in range(accounts.MAX_FAILURES):
        with pytest.raises(Unauthenticated):
            sign_in(services, "not the password")
    with pytest.raises(Throttled) as caught:
        sign_in(services)
    assert 0 < caught.value.retry_after <= accounts.WINDOW + 1
    assert sign_in(services, address="192.0.2.2").user == ana


def test_failures_are_forgotten_after_fifteen_minutes(services: Services, ana: User) -> None:
    for _ in range(accounts.MAX_FAILURES):
        with pytest.raises(Unauthenticated):
            sign_in(services, "not the password")
    with services.db.begin() as db:
        db.execute(tables.failures.update().values(at=tables.failures.c.at - accounts.WINDOW - 1))
    assert sign_in(services).user == ana


def test_guesses_made_at_once_do_not_outrun_the_count(services: Services, ana: User) -> None:
    start = threading.Barrier(12)

    def guess(number: int) -> type[SightloopError]:
        start.wait()
        try:
            sign_in(services, f"guess number {number}")
        except SightloopError as error:
            return type(error)
        raise AssertionError("a wrong password was taken")

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(guess, range(12)))
    assert found.count(Unauthenticated) <= accounts.MAX_FAILURES
    assert set(found) <= {Unauthenticated, Throttled}


def test_an_unknown_account_and_a_wrong_password_are_told_apart_by_nothing(services: Services, ana: User) -> None:
    with pytest.raises(Unauthenticated) as wrong:
        sign_in(services, "not the password")
    with pytest.raises(Unauthenticated) as unknown:
        accounts.login(services, email="eve@example.org", password=PASSWORD, address="192.0.2.1")
    assert (wrong.value.message, wrong.value.hint) == (unknown.value.message, unknown.value.hint)


def test_a_forgotten_password_is_set_by_the_operator_and_ends_every_session(services: Services, ana: User) -> None:
    old = sign_in(services)
    accounts.reset_password(services, email="ana@example.org", new="another long phrase")
    with pytest.raises(Unauthenticated):
        accounts.whoami(services, jti=old.jti)
    assert sign_in(services, "another long phrase").user == ana
    with pytest.raises(Missing, match="eve"):
        accounts.reset_password(services, email="eve@example.org", new="another long phrase")


def test_a_new_password_ends_every_older_session(services: Services, ana: User) -> None:
    old = sign_in(services)
    new = accounts.change_password(services, user=ana, old=PASSWORD, new="another long phrase", address="")
    assert accounts.whoami(services, jti=new.jti) == ana
    with pytest.raises(Unauthenticated):
        accounts.whoami(services, jti=old.jti)
    with pytest.raises(Unauthenticated):
        sign_in(services)


def test_the_old_password_must_be_right(services: Services, ana: User) -> None:
    with pytest.raises(Unauthenticated):
        accounts.change_password(services, user=ana, old="wrong", new="another long phrase", address="")


def test_a_token_is_kept_as_a_digest_and_works_until_revoked(services: Services, ana: User) -> None:
    secret, row = accounts.create_token(services, user=ana, name="cam", scopes=["view"])
    with services.db.connect() as db:
        assert secret not in str(db.execute(tables.tokens.select()).all())
    assert accounts.authenticate_token(services, secret=secret) == (ana, ("view",))
    accounts.revoke_token(services, user=ana, token_id=row["id"])
    with pytest.raises(Unauthenticated):
        accounts.authenticate_token(services, secret=secret)


def test_a_token_ends_after_its_days(services: Services, ana: User) -> None:
    secret, _ = accounts.create_token(services, user=ana, name="cam", scopes=["view"], days=1)
    with services.db.begin() as db:
        db.execute(tables.tokens.update().values(expires_at=tables.tokens.c.expires_at - 86_401))
    with pytest.raises(Unauthenticated):
        accounts.authenticate_token(services, secret=secret)


@pytest.mark.parametrize(("scopes", "days"), [([], 1), (["fly"], 1), (["view"], 0), (["view"], 1000)])
def test_a_token_that_does_not_fit_is_refused(services: Services, ana: User, scopes: list[str], days: float) -> None:
    with pytest.raises(Rejected):
        accounts.create_token(services, user=ana, name="cam", scopes=scopes, days=days)


def test_nobody_revokes_the_token_of_somebody_else(services: Services, ana: User) -> None:
    ben = accounts.add_user(services, email="ben@example.org", name="Ben", password=PASSWORD)
    _, row = accounts.create_token(services, user=ana, name="cam", scopes=["view"])
    with pytest.raises(Missing):
        accounts.revoke_token(services, user=ben, token_id=row["id"])


def test_a_closed_account_loses_sessions_tokens_and_log_in(services: Services, ana: User) -> None:
    ben = accounts.add_user(services, email="ben@example.org", name="Ben", password=PASSWORD)
    ticket = accounts.login(services, email="ben@example.org", password=PASSWORD, address="")
    secret, _ = accounts.create_token(services, user=ben, name="cam", scopes=["view"])
    accounts.disable_user(services, user=ana, user_id=ben.id)
    with pytest.raises(Unauthenticated):
        accounts.whoami(services, jti=ticket.jti)
    with pytest.raises(Unauthenticated):
        accounts.authenticate_token(services, secret=secret)
    with pytest.raises(Unauthenticated):
        accounts.login(services, email="ben@example.org", password=PASSWORD, address="")


def test_only_administrators_touch_accounts_and_one_always_stays(services: Services, ana: User) -> None:
    ben = accounts.add_user(services, email="ben@example.org", name="Ben", password=PASSWORD)
    with pytest.raises(Forbidden):
        accounts.set_role(services, user=ben, user_id=ben.id, role="admin")
    with pytest.raises(Conflict):
        accounts.set_role(services, user=ana, user_id=ana.id, role="viewer")
    accounts.set_role(services, user=ana, user_id=ben.id, role="admin")
    assert accounts.set_role(services, user=ana, user_id=ana.id, role="viewer").role == "viewer"


def test_before_the_first_account_a_stranger_learns_so(services: Services) -> None:
    assert accounts.options(services) == {"registration": "open", "first": True}
    accounts.register(services, email="a@example.org", name="A", password=PASSWORD)
    closed = replace(services, registration_open=False)
    assert accounts.options(closed) == {"registration": "closed", "first": False}


def test_administrators_open_accounts_where_registration_is_closed_and_nobody_else_does(services: Services) -> None:
    closed = replace(services, registration_open=False)
    admin = accounts.add_user(services, email="a@example.org", name="A", password=PASSWORD, role="admin")
    new = {"email": "b@example.org", "name": "B", "password": PASSWORD, "role": "viewer"}
    made = accounts.create_user(closed, user=admin, **new)
    assert made.role == "viewer"
    with pytest.raises(Forbidden):
        accounts.create_user(closed, user=made, **{**new, "email": "c@example.org"})


def test_a_closed_account_that_is_opened_again_can_sign_in(services: Services) -> None:
    admin = accounts.add_user(services, email="a@example.org", name="A", password=PASSWORD, role="admin")
    user = accounts.add_user(services, email="b@example.org", name="B", password=PASSWORD)
    accounts.disable_user(services, user=admin, user_id=user.id)
    with pytest.raises(Unauthenticated):
        accounts.login(services, email=user.email, password=PASSWORD, address="x")
    with pytest.raises(Forbidden):
        accounts.enable_user(services, user=user, user_id=user.id)
    assert accounts.enable_user(services, user=admin, user_id=user.id).disabled_at is None
    assert accounts.login(services, email=user.email, password=PASSWORD, address="x").user.id == user.id
    with pytest.raises(Missing):
        accounts.enable_user(services, user=admin, user_id="nobody")
