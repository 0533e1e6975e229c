"""A limit of wrong passwords, for a name and from an address: one for all logins and processes."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection
from django.utils.crypto import salted_hmac

from arenas.raters.models import LoginTry

MINUTES = 5
# By how many tries within these minutes no more are made. Many people can share an address.
MOST: Mapping[str, int] = {"name": 10, "address": 50}

# Counted before the password is looked at, so that tries at once are not more than these.
COUNT = """
    INSERT INTO arenas_logintry AS known (digest, tries, until) VALUES (%(digest)s, 1, %(until)s)
    ON CONFLICT (digest) DO UPDATE SET
        tries = CASE WHEN known.until > %(now)s THEN known.tries + 1 ELSE 1 END,
        until = CASE WHEN known.until > %(now)s THEN known.until ELSE excluded.until END
    RETURNING tries
"""


def count_try(name: str, address: str, *, now: datetime) -> bool:
    """Count a try; says whether it may be made."""
    tries = [(kind, add_try(digest, now)) for kind, digest in digest_both(name, address).items()]
    return all(number <= MOST[kind] for kind, number in tries)


def add_try(digest: str, now: datetime) -> int:
    """How many tries it is now."""
    said: dict[str, str | datetime]
    said = {"digest": digest, "now": now, "until": now + timedelta(minutes=MINUTES)}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, said)
        return int(cursor.fetchone()[0])


def forgive(name: str, address: str) -> None:
    """Forget the tries for a name whose password was right; of the address's, this one."""
    digests = digest_both(name, address)
    LoginTry.objects.filter(digest=digests["name"]).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE arenas_logintry SET tries = tries - 1 WHERE digest = %s AND tries > 0",
            [digests.get("address", "")],
        )


def digest_both(name: str, address: str) -> dict[str, str]:
    """What is kept of both: nothing that can be read without the site's key."""
    told = {"name": name, "address": shorten(address)}
    return {
        kind: salted_hmac(f"arenas.raters.try_login.{kind}", text, algorithm="sha256").hexdigest()
        for kind, text in told.items()
        if text or kind == "name"
    }


def shorten(address: str) -> str:
    """Of an IPv6 address the network, in which one person has all others, too."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 6 and known.ipv4_mapped is None:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(getattr(known, "ipv4_mapped", None) or known)
