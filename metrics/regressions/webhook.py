"""Post a signed message to an address that somebody else has chosen.

The address must be on the public internet, unless the site allows others: a site that posts
anywhere could be used to reach what is behind its firewall. The name is resolved once, and the
connection goes to what was looked at, so that it cannot name another host a moment later.
"""

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

# For the whole exchange, whatever the receiver does.
SECONDS = 10.0
# What is assigned of IPv6: beyond are old forms that Python calls global.
UNICAST = ipaddress.ip_network("2000::/3")
PORTS = {"http": 80, "https": 443}


class NotSent(Exception):
    """A message that did not arrive, as far as is known; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a connection goes: an address that was looked at, and the name that is asked for."""

    parts: SplitResult
    address: str
    port: int

    @property
    def path(self) -> str:
        query = f"?{self.parts.query}" if self.parts.query else ""
        return f"{self.parts.path or '/'}{query}"


class Connection(http.client.HTTPConnection):
    """A connection to the place's address and to no other."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.parts.hostname or "", place.port, timeout=SECONDS)
        self.place = place

    def connect(self) -> None:
        plain = socket.create_connection((self.place.address, self.place.port), SECONDS)
        if self.place.parts.scheme == "http":
            self.sock = plain
            return
        try:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                plain, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()  # which `give_up` can end now
        except BaseException:
            plain.close()
            raise

    def give_up(self) -> None:
        """End the exchange from another thread, which no longer waits then."""
        with suppress(OSError):
            if self.sock:
                self.sock.shutdown(socket.SHUT_RDWR)


def post(target: str, body: bytes, *, event: str, now: datetime) -> str:
    """Send the body once, and say what was answered. Raises NotSent for anything but success."""
    try:
        place = find_place(target)
        status = exchange(place, body, sign(body, event, now=now))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    if not 200 <= status < 300:
        moved = ", and is not followed" if 300 <= status < 400 else ""
        raise NotSent(f"answered {status}{moved}")
    return f"answered {status}"


def sign(body: bytes, event: str, *, now: datetime) -> dict[str, str]:
    """The headers by which the receiver knows the sender, and a message that came before."""
    moment = int(now.timestamp())
    signed = f"{moment}.".encode() + body
    digest = hmac.new(read_secret().encode(), signed, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Evalsite/{settings.VERSION}",
        "X-Evalsite-Event": event,
        "X-Evalsite-Signature": f"t={moment},v1={digest}",
    }


def read_secret() -> str:
    """The site's own, or one that follows from its key."""
    derived = hmac.new(settings.SECRET_KEY.encode(), b"evalsite webhooks", hashlib.sha256)
    return str(settings.WEBHOOK_SECRET) or derived.hexdigest()


def find_place(target: str) -> Place:
    """Raises NotSent for an address that is not to be reached, ValueError for one that is none."""
    parts = urlsplit(target)
    if parts.scheme not in PORTS or not parts.hostname:
        raise NotSent("only http and https are posted to")
    port = parts.port or PORTS[parts.scheme]
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(map(is_public, addresses)):
        raise NotSent("the address is not on the public internet (WEBHOOK_ALLOW_PRIVATE)")
    return Place(parts, addresses[0], port)


def is_public(address: str) -> bool:
    """Also where an IPv6 address stands for one of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or find_translated(found)
        if inner:
            return is_public(str(inner))
        if found not in UNICAST:
            return False
    return found.is_global and not found.is_multicast


def find_translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """What a translator (RFC 6052) would make of the address."""
    if address not in ipaddress.ip_network("64:ff9b::/96"):
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


def exchange(place: Place, body: bytes, headers: Mapping[str, str]) -> int:
    """The status that was answered. What else is answered is not read."""
    connection = Connection(place)
    clock = threading.Timer(SECONDS, connection.give_up)
    clock.daemon = True
    clock.start()
    try:
        connection.request("POST", place.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        clock.cancel()
        connection.close()
