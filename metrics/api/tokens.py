"""Tokens by which programs use the API as a member of staff."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuthIsStaff

from metrics.api.models import ApiToken


class StaffToken(HttpBearer):
    """`Authorization: Bearer TOKEN` of a token that is not revoked and whose owner is staff."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """Who gives a token is let in by it, or not at all."""
        found = ApiToken.objects.filter(
            token_hash=hash_token(token),
            revoked_at=None,
            user__is_active=True,
            user__is_staff=True,
        )
        if known := found.select_related("user").first():
            return known
        raise AuthenticationError


class StaffSession(SessionAuthIsStaff):
    """A member of staff who is logged in. Who has no session is unknown, not a forgery."""

    def _get_key(self, request: HttpRequest) -> str | None:
        return super()._get_key(request) if self.param_name in request.COOKIES else None


STAFF: list[Any] = [StaffToken(), StaffSession()]


def create_token(user: AbstractBaseUser, *, name: str, now: datetime) -> str:
    """A new token. It is shown once: only its hash is kept."""
    token = secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user_id=user.pk, name=name, token_hash=hash_token(token), created_at=now
    )
    return token


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_caller(request: HttpRequest) -> str:
    """Who asks, as runs remember it."""
    auth = getattr(request, "auth", None)
    return str(auth.user if isinstance(auth, ApiToken) else auth)
