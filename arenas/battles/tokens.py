"""Ballots' tokens: what a browser sends back to say which ballot it answers."""

import base64
import hashlib
import hmac
import random
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings

from arenas.battles.sitting import Sitting

LIFETIME = timedelta(hours=1)


def derive_token(nonce: uuid.UUID) -> str:
    """The ballot's token: nobody can make one without the site's key, not even from the table."""
    key = settings.SECRET_KEY.encode()
    digest = hmac.new(key, b"ballot:" + nonce.bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def address(sitting: Sitting, rng: random.Random) -> dict[str, Any]:
    """What every ballot of the rater has: its token's nonce, and how long it can be answered."""
    nonce = uuid.UUID(bytes=rng.randbytes(16))
    return {
        "arena": sitting.stock.arena,
        "rater": sitting.rater,
        "nonce": nonce,
        "token_hash": hash_token(derive_token(nonce)),
        "served_at": sitting.now,
        "expires_at": sitting.now + LIFETIME,
    }
