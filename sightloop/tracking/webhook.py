"""Post to an address that an administrator typed in, without letting it reach what only this machine may reach.

The name is looked up once, every address found is checked, and the connection goes to one of those very addresses, so
that a name which leads elsewhere a moment later (DNS rebinding) changes nothing. No proxy is asked, no redirect is
followed, certificates are verified against the name, and of the answer only its status is looked at.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from sightloop.core.errors import Rejected, Unavailable

SECONDS: Final = 5.0  # for everything; only the look-up of the name is not cut short
MAX_URL: Final = 2000  # characters
PORTS: Final = {"http": 80, "https": 443}
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
Reach = Callable[[tuple[str, int], float], socket.socket]


@dataclass(frozen=True)
class Place:
    """A URL in its parts; `path` with the query."""

    scheme: str
    host: str
    port: int
    path: str


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, in the order of the system. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Webhooks:
    """Posts to webhooks; `private` allows addresses of this machine and of its networks."""

    def __init__(
        self,
        *,
        private: bool = False,
        resolve: Resolve = resolve,
        reach: Reach = socket.create_connection,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._private, self._resolve, self._reach, self._seconds = private, resolve, reach, seconds
        self._context = context

    def check(self, url: str) -> None:
        """Raise Rejected for what can never be posted to; a name is only looked up when something is posted."""
        host = parts(url).host
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        self._allow(host, [host])

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> None:
        """Post `body` once.

        Raises:
            Rejected: the address is not allowed, or it answers with anything but 2xx.
            Unavailable: it cannot be reached, or did not answer in time.
        """
        place = parts(url)
        until = time.monotonic() + self._seconds
        try:
            sock = self._connected(place, self._addresses(place), until)
            with sock:
                status = _asked(_speaking(place, sock), place, body=body, headers=headers, until=until)
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(f"{place.host} has a certificate that is not trusted: {error.verify_message}.") from error
        except (OSError, HTTPException) as error:
            raise Unavailable(f"{place.host} {self._why(error, until)}.") from error
        _judge(place.host, status)

    def _addresses(self, place: Place) -> Sequence[str]:
        try:
            found = self._resolve(place.host, place.port)
        except OSError as error:
            raise Unavailable(f"{place.host} has no address.", hint="Check the name.") from error
        self._allow(place.host, found)
        return found

    def _allow(self, host: str, addresses: Sequence[str]) -> None:
        """All of them must be public: a name that leads to several is not to be trusted halfway."""
        for address in addresses:
            if not self._private and not public(address):
                leads = "is" if host == address else f"leads to {address},"
                raise Rejected(
                    f"{host} {leads} an address of this machine or of a private network.",
                    hint="Set SIGHTLOOP_WEBHOOK_PRIVATE=true where that is wanted.",
                )

    def _connected(self, place: Place, addresses: Sequence[str], until: float) -> socket.socket:
        failed: OSError = OSError("there is no address")
        for tried, address in enumerate(addresses):
            try:
                plain = self._reach((address, place.port), _left(until) / (len(addresses) - tried))
            except OSError as error:
                failed = error
                continue
            return self._guarded(plain, place, until) if place.scheme == "https" else plain
        raise failed

    def _guarded(self, plain: socket.socket, place: Place, until: float) -> socket.socket:
        plain.settimeout(_left(until))
        try:
            context = self._context or ssl.create_default_context()
            return context.wrap_socket(plain, server_hostname=place.host)
        except BaseException:
            plain.close()
            raise

    def _why(self, error: Exception, until: float) -> str:
        if isinstance(error, TimeoutError) or time.monotonic() >= until:
            return f"did not answer within {self._seconds:g} s"
        if isinstance(error, OSError):
            return f"cannot be reached: {error.strerror or type(error).__name__}"
        return "did not answer in HTTP"


def parts(url: str) -> Place:
    """A URL in its parts; raises Rejected for one that cannot be posted to."""
    try:
        found = urlsplit(url)
        port = found.port or PORTS.get(found.scheme, 0)
        host = (found.hostname or "").encode("idna").decode()
    except ValueError as error:
        raise _refused("it is not a URL") from error
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_URL:
        raise _refused(f"it may hold {MAX_URL} printable ASCII characters")
    if found.scheme not in PORTS or not host or not port:
        raise _refused("it needs http:// or https:// and a host")
    if "@" in found.netloc or found.fragment:
        raise _refused("it may hold no password and no fragment")
    return Place(found.scheme, host, port, (found.path or "/") + (f"?{found.query}" if found.query else ""))


def public(address: str) -> bool:
    """Whether an address can be reached from everywhere, so that reaching it from here shows nothing new."""
    found = _inner(ipaddress.ip_address(address))
    special = found.is_multicast or found.is_reserved or found.is_link_local or found.is_loopback
    site = isinstance(found, ipaddress.IPv6Address) and found.is_site_local  # RFC 3879: deprecated, and still routed
    return found.is_global and not found.is_private and not special and not found.is_unspecified and not site


def _inner(found: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), or the address itself."""
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found in NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


def _speaking(place: Place, sock: socket.socket) -> HTTPConnection:
    """A connection over a socket that is already there; it writes the Host that belongs to the URL."""
    made = HTTPConnection(place.host, place.port)
    made.default_port = PORTS[place.scheme]
    made.sock = sock
    return made


def _asked(connection: HTTPConnection, place: Place, *, body: bytes, headers: Mapping[str, str], until: float) -> int:
    """Send the request and read the answer's head; the socket is cut at the deadline, however slowly bytes drip."""
    sock: socket.socket = connection.sock
    sock.settimeout(_left(until))
    cut = threading.Timer(_left(until), _cut, [sock])
    cut.start()
    try:
        connection.request("POST", place.path, body=body, headers={**headers, "Connection": "close"})
        with connection.getresponse() as answer:
            return answer.status
    finally:
        cut.cancel()
        cut.join()


def _cut(sock: socket.socket) -> None:
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _judge(host: str, status: int) -> None:
    if 300 <= status < 400:
        raise Rejected(
            f"{host} answered {status}: it redirects, which is not followed.", hint="Use the address it names."
        )
    if not 200 <= status < 300:
        raise Rejected(f"{host} answered {status}.")


def _refused(why: str) -> Rejected:
    return Rejected(f"this webhook address does not fit: {why}.", hint="For example https://hooks.example.org/x.")
