"""What the guard refuses before a body is read, and the headers that every answer carries."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.logs import JsonLines
from sightloop.web import guard
from sightloop.web.pages import Page
from tests.web.people import bearer

Listen = Callable[..., AbstractContextManager[tuple[str, int]]]
UPLOAD = "/api/v1/projects/paint/images"


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: here", *lines, "", ""]).encode()


def answer_of(line: socket.socket) -> bytes:
    """Everything that comes until the server closes."""
    line.settimeout(20)
    found = b""
    while piece := line.recv(65536):
        found += piece
    return found


def test_every_route_is_closed_unless_it_is_on_the_public_list(app: FastAPI) -> None:
    client = TestClient(app, headers={"X-Sightloop": "1"})
    for route in app.routes:
        assert isinstance(route, (Route, APIRoute, Mount))
        if isinstance(route, Mount):
            assert f"{route.path}/" in guard.PUBLIC_FOLDERS
            continue
        if isinstance(route, Page):
            continue
        for method in (route.methods or set()) - {"HEAD"}:
            status = client.request(method, route.path.replace("{", "").replace("}", "")).status_code
            assert (status == 401) == (route.path not in guard.PUBLIC), (method, route.path)


def test_the_public_list_names_only_routes_that_exist(app: FastAPI) -> None:
    assert {getattr(route, "path", "") for route in app.routes} >= guard.PUBLIC


def test_an_unknown_path_is_closed_too(client: TestClient) -> None:
    assert client.get("/api/v1/nothing").status_code == 401


def test_an_anonymous_upload_of_200_mb_is_answered_before_its_body_is_read(listening: Listen) -> None:
    with listening() as address, socket.create_connection(address) as line:
        line.sendall(head(UPLOAD, "Content-Type: multipart/form-data; boundary=x", f"Content-Length: {200 << 20}"))
        line.settimeout(20)
        assert line.recv(4096).startswith(b"HTTP/1.1 401")


def test_a_client_that_sends_on_after_a_refusal_still_reads_the_answer(listening: Listen) -> None:
    with listening() as address, socket.create_connection(address) as line:
        line.sendall(head(UPLOAD, f"Content-Length: {4 << 20}") + b"x" * (4 << 20))
        found = answer_of(line)
        assert found.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in found.lower()


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(
    listening: Listen, token: Callable[..., str]
) -> None:
    secret = f"Authorization: Bearer {token('admin')}"
    with listening(max_request_bytes=1 << 20) as address, socket.create_connection(address) as line:
        line.sendall(head(UPLOAD, secret, f"Content-Length: {2 << 20}"))
        assert answer_of(line).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_large_unannounced_is_cut_off(
    listening: Listen, token: Callable[..., str], paint: Project
) -> None:
    lines = (f"Authorization: Bearer {token('admin')}", "Transfer-Encoding: chunked")
    kind = "Content-Type: multipart/form-data; boundary=x"
    with listening(max_request_bytes=1 << 20) as address, socket.create_connection(address) as line:
        line.sendall(head(UPLOAD, kind, *lines))
        start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        line.sendall(b"%x\r\n%s\r\n" % (len(start), start))
        for _ in range(20):
            line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert answer_of(line).startswith(b"HTTP/1.1 413")


def test_a_body_that_never_ends_is_given_up(listening: Listen, token: Callable[..., str], paint: Project) -> None:
    lines = (f"Authorization: Bearer {token('admin')}", "Content-Type: multipart/form-data; boundary=x")
    with listening(body_deadline=0.3) as address, socket.create_connection(address) as line:
        line.sendall(head(UPLOAD, *lines, "Content-Length: 1000") + b"--x\r\n")
        assert answer_of(line).startswith(b"HTTP/1.1 408")


def test_a_json_route_takes_no_large_body(client: TestClient, token: Callable[..., str]) -> None:
    huge = b'{"name": "' + b"x" * (5 << 20) + b'"}'
    answer = client.post("/api/v1/projects", content=huge, headers=bearer(token("admin")))
    assert answer.status_code == 413


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/docs", "/livez", "/api/v1/projects", "/static/docs.js"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_a_request_id_is_kept_where_it_fits_and_made_where_it_does_not(client: TestClient) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "proxy-12345678"}).headers["x-request-id"] == "proxy-12345678"
    odd = client.get("/livez", headers={"X-Request-ID": "a b\tc"}).headers["x-request-id"]
    assert len(odd) == 26
    refused = client.get("/api/v1/projects", headers={"X-Request-ID": "proxy-12345678"})
    assert refused.json()["request_id"] == "proxy-12345678"


def test_an_origin_that_nobody_trusts_gets_no_cors_header(client: TestClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/v1/projects", headers=asked)
    assert answer.status_code == 401
    assert "access-control-allow-origin" not in answer.headers


def test_a_log_line_is_json_without_anything_a_person_typed(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sightloop.access"):
        body = {"email": "secret@example.org", "password": "topsecret"}
        client.post("/api/v1/auth/login?next=private", json=body, headers={"X-Request-ID": "abcdefgh"})
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert {"time", "level", "logger", "message", "method", "route", "status", "seconds", "user"} <= line.keys()
    assert line["route"] == "/api/v1/auth/login"
    assert not any(word in json.dumps(line) for word in ("secret@", "topsecret", "private"))


def test_an_unexpected_error_is_a_500_that_tells_nothing_but_its_request_id(
    app: FastAPI, token: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("inside")

    app.router.routes.append(Route("/api/v1/broken", broken))
    answer = TestClient(app).get("/api/v1/broken", headers=bearer(token("admin")))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "inside" not in answer.text
    assert answer.json()["request_id"]
