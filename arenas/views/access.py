"""Who is asking: raters by a signed cookie, staff by Django's session."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from arenas.definitions.models import Arena
from arenas.definitions.stage import select_told
from arenas.raters.models import Rater

COOKIE, HOME = "rater", "home"
YEAR = 365 * 86_400
View = Callable[..., HttpResponseBase]


def read_rater_key(request: HttpRequest) -> str:
    """The key that the browser's cookie holds, or nothing."""
    return request.get_signed_cookie(COOKIE, default="", salt="rater") or ""


def find_rater(request: HttpRequest) -> Rater | None:
    """The rater whom the browser's cookie names, if any; not one who has withdrawn."""
    key = read_rater_key(request)
    return Rater.objects.filter(key=key, withdrawn_at=None).first() if key else None


def remember_rater(response: HttpResponse, rater: Rater) -> None:
    response.set_signed_cookie(
        COOKIE, rater.key, salt="rater", max_age=YEAR, httponly=True, samesite="Lax",
        secure=settings.HTTPS,
    )  # fmt: skip


def remember_home(response: HttpResponse, rater: Rater) -> None:
    """Have the browser know that the rater began in it, which an address alone does not say."""
    response.set_signed_cookie(
        HOME, rater.key, salt="home", max_age=YEAR, httponly=True, samesite="Lax",
        secure=settings.HTTPS,
    )  # fmt: skip


def is_home(request: HttpRequest, rater: Rater) -> bool:
    """Whether the rater began in this browser."""
    return request.get_signed_cookie(HOME, default="", salt="home") == rater.key


def find_address(request: HttpRequest) -> str:
    """The address that the request came from: where TLS ends before the site, the proxy's word."""
    told = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.HTTPS else ""
    return str(told.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""))


def find_arena_for(request: HttpRequest, slug: str, *related: str) -> Arena:
    """The arena that a page tells this user about, with what it is `related` to. Raises Http404."""
    arenas = select_told(staff=request.user.is_staff)
    return get_object_or_404(arenas.select_related(*related), slug=slug)


def staff_only(view: View) -> View:
    """Ask strangers to log in, and refuse those who are not staff."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated and request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRefresh()  # the login page is no part of another
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_staff:
            raise PermissionDenied(_("This page is for staff."))
        return view(request, *args, **kwargs)

    return guarded
