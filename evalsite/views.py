"""Health, errors, and the few pages that belong to no part."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis
from redis.exceptions import RedisError

from arenas.views.language import in_raters_language

TITLES = {
    400: (_("This request cannot be read"), _("Something in it is not as it should be.")),
    403: (_("Not for you"), _("This page needs other rights than you have.")),
    404: (_("There is nothing here"), _("The address may be old, or have a typing error in it.")),
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Readiness: the database and the broker answer too."""
    state = {"database": database_answers(), "broker": broker_answers()}
    return JsonResponse(state, status=200 if all(state.values()) else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as redis:
            return bool(redis.ping())
    except (RedisError, OSError):
        return False


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Crawlers must not open ballots."""
    return HttpResponse("User-agent: *\nDisallow: /arenas/*/vote/\n", content_type="text/plain")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Pages that are not ours (the admin's) ask for it here."""
    return redirect(static("site/icon.svg"))


@in_raters_language
def show_error(request: HttpRequest, status: int, detail: object = "") -> HttpResponse:
    title, text = TITLES[status]
    return render(request, "error.html", {"title": title, "text": detail or text}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return show_error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    # Not yet as text: what is to be translated is so in the language of the page.
    return show_error(request, 403, next(iter(exception.args), ""))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return show_error(request, 404)


@in_raters_language
def server_error(request: HttpRequest) -> HttpResponse:
    # Without the request, the page does not ask who is logged in: the database may be down.
    title, text = (
        gettext("Something went wrong"),
        gettext("The error has been noted. Nothing that was saved is lost."),
    )
    return render(None, "error.html", {"title": title, "text": text}, status=500)


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    return show_error(
        request, 403, _("The form's protection did not match. Reload the page and send it again.")
    )
