"""What is posted to an address that somebody typed in goes there, once, and nowhere else."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sightloop.core.errors import Rejected, Unavailable
from sightloop.tracking.webhook import Webhooks, parts, public
from tests.tracking.listener import Listener, listening

HOST = "hook.example"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def post(webhooks: Webhooks, url: str) -> None:
    webhooks.post(url, b'{"id": 1}', headers={"X-Sightloop-Event": "test"})


def test_the_body_the_headers_and_the_query_arrive(listener: Listener) -> None:
    post(Webhooks(private=True), listener.url)
    [heard] = listener.heard
    assert (heard.path, heard.body, heard.headers["X-Sightloop-Event"]) == ("/hook?room=1", b'{"id": 1}', "test")
    assert heard.headers["Host"] == f"127.0.0.1:{listener.port}"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
def test_a_redirect_is_a_failure_that_says_so_and_is_not_followed(listener: Listener, status: int) -> None:
    with listening() as other:
        listener.status, listener.location = status, other.url
        with pytest.raises(Rejected, match=f"answered {status}: it redirects"):
            post(Webhooks(private=True), listener.url)
        assert (len(listener.heard), other.heard) == (1, [])


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_an_answer_that_is_not_good_is_a_failure(listener: Listener, status: int) -> None:
    listener.status = status
    with pytest.raises(Rejected, match=f"127.0.0.1 answered {status}"):
        post(Webhooks(private=True), listener.url)


def test_a_listener_that_hangs_is_given_up(listener: Listener) -> None:
    listener.hangs = True
    with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
        post(Webhooks(private=True, seconds=0.2), listener.url)


def test_a_listener_that_drips_bytes_is_given_up_all_the_same(listener: Listener) -> None:
    listener.drips = True
    with pytest.raises(Unavailable, match=r"did not answer within 0\.3 s"):
        post(Webhooks(private=True, seconds=0.3), listener.url)


def test_nobody_listening_is_a_failure_with_its_reason() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="cannot be reached: Connection refused"):
            post(Webhooks(private=True), f"http://127.0.0.1:{probe.getsockname()[1]}")


def test_what_does_not_speak_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        theirs.sendall(b"220 mail.example ESMTP\r\n")
        webhooks = Webhooks(private=True, resolve=here, reach=lambda *_: ours)
        with theirs, pytest.raises(Unavailable, match="did not answer in HTTP"):
            post(webhooks, "http://mail.example:25")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "127.0.0.1", "127.8.9.1", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "203.0.113.9", "::", "::1", "fe80::1", "fe80::1%1",
        "fc00::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "fec0::1", "2002:7f00:1::", "2002:c0a8:101::1",
    ],
)  # fmt: skip
def test_an_address_of_this_machine_or_a_private_network_is_refused(listener: Listener, address: str) -> None:
    webhooks = Webhooks(resolve=lambda *_: [address])
    with pytest.raises(Rejected, match="address of this machine or of a private network"):
        post(webhooks, f"http://{HOST}:{listener.port}/")
    assert (public(address), listener.heard) == (False, [])


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_not_refused(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]"])
def test_a_private_address_in_figures_is_refused_when_it_is_typed_in(host: str) -> None:
    with pytest.raises(Rejected, match="private network") as refused:
        Webhooks().check(f"https://{host}/hook")
    assert "SIGHTLOOP_WEBHOOK_PRIVATE" in refused.value.hint
    Webhooks(private=True).check(f"https://{host}/hook")


@pytest.mark.parametrize("written", ["2130706433", "0x7f000001", "017700000001", "127.1", "localhost"])
def test_an_address_written_to_look_like_another_is_seen_through(listener: Listener, written: str) -> None:
    with pytest.raises(Rejected, match="private network"):
        post(Webhooks(), f"http://{written}:{listener.port}/")
    assert listener.heard == []


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(Rejected, match=r"leads to 10\.0\.0\.1"):
        post(Webhooks(resolve=lambda *_: ["8.8.8.8", "10.0.0.1"]), f"http://{HOST}/")


def test_a_name_that_leads_elsewhere_when_asked_again_is_not_asked_again(listener: Listener) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])
    reached: list[tuple[str, int]] = []

    def reach(address: tuple[str, int], _seconds: float) -> socket.socket:
        reached.append(address)
        raise OSError(113, "No route to host")

    with pytest.raises(Unavailable, match=f"{HOST} cannot be reached: No route to host"):
        post(Webhooks(resolve=lambda *_: next(answers), reach=reach), f"http://{HOST}:{listener.port}/")
    assert (reached, listener.heard) == ([("8.8.8.8", listener.port)], [])


def test_a_name_is_connected_to_at_the_address_that_was_checked_and_told_its_own_name(listener: Listener) -> None:
    answers = iter([["127.0.0.1"], ["192.0.2.1"]])
    post(Webhooks(private=True, resolve=lambda *_: next(answers)), f"http://{HOST}:{listener.port}/")
    assert listener.heard[0].headers["Host"] == f"{HOST}:{listener.port}"


def test_the_next_address_of_a_name_is_tried_where_the_first_does_not_answer(listener: Listener) -> None:
    webhooks = Webhooks(private=True, resolve=lambda *_: ["::1", "127.0.0.1"])
    post(webhooks, f"http://{HOST}:{listener.port}/")
    assert len(listener.heard) == 1


def test_a_name_that_nobody_knows_is_a_failure() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unavailable, match=f"{HOST} has no address"):
        post(Webhooks(resolve=unknown), f"http://{HOST}/")


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_asked(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with listening() as proxy:
        monkeypatch.setenv(variable, proxy.url)
        post(Webhooks(private=True), listener.url)
        assert (len(listener.heard), proxy.heard) == (1, [])


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "http://", "http:///x",
        "http://ann:hush@a.example/", "http://a.example/#part", "http://a.example:0x1/", "http://a.example:99999/",
        "http://a.example/ x", "http://a.example/\r\nX-Evil: 1", "http://a.example/ü", f"http://a.example/{'x' * 2000}",
        "http://[::1/", f"http://{'a' * 64}.example/", "http://a..example/",
    ],
)  # fmt: skip
def test_what_cannot_be_posted_to_is_refused(url: str) -> None:
    with pytest.raises(Rejected, match="does not fit"):
        parts(url)


class Authority:
    """A certificate that is trusted where a test says so, for one name."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        about = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        today = datetime.datetime.now(datetime.UTC)
        names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("192.0.2.7"))])
        made = (
            x509.CertificateBuilder(about, about, key.public_key(), x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=1))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.path = folder / "authority.pem"
        self.path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.path))


def test_tls_goes_to_the_checked_address_and_verifies_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path, HOST)
    names: list[object] = []
    server = authority.server()
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with listening(server) as listener:
        url = f"https://{HOST}:{listener.port}/"
        post(Webhooks(private=True, resolve=here, context=authority.client()), url)
        assert (listener.heard[0].headers["Host"], names) == (f"{HOST}:{listener.port}", [HOST])


def test_a_certificate_that_nobody_trusts_or_of_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path, HOST)
    with listening(authority.server()) as listener:
        with pytest.raises(Unavailable, match="certificate that is not trusted"):
            post(Webhooks(private=True, resolve=here), f"https://{HOST}:{listener.port}/")
        other = Webhooks(private=True, resolve=here, context=authority.client())
        with pytest.raises(Unavailable, match="certificate that is not trusted"):
            post(other, f"https://other.example:{listener.port}/")
        assert listener.heard == []


def test_the_host_of_the_usual_port_goes_without_a_number(listener: Listener) -> None:
    def reach(_address: tuple[str, int], _seconds: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", listener.port))

    post(Webhooks(private=True, resolve=here, reach=reach), f"http://{HOST}/")
    assert listener.heard[0].headers["Host"] == HOST
