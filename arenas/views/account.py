"""Logging in and out, for raters of arenas that ask for an account."""

import hashlib
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from arenas.raters.account import find_or_make_rater
from arenas.views.access import COOKIE, remember_rater
from arenas.views.language import in_raters_language

TRIES, SECONDS = 10, 300


class LimitedForm(AuthenticationForm):
    """Name and password; after some wrong ones for a name, none is tried for some minutes."""

    error_messages = {
        "invalid_login": _("This name and password do not belong together."),
        "inactive": _("This account is closed."),
    }

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "")
        key = f"login:{hashlib.sha256(name.encode()).hexdigest()}"
        tries = cache.get(key, 0)
        if tries >= TRIES:
            raise ValidationError(_("Too many wrong passwords. Please try again in some minutes."))
        cache.set(key, tries + 1, SECONDS)
        cleaned = super().clean()
        cache.delete(key)
        return cleaned


@method_decorator(in_raters_language, name="dispatch")
class Login(LoginView):
    """Log in, and go on where one was; from then on the browser is the user's one rater."""

    template_name = "arenas/login.html"
    authentication_form = LimitedForm
    next_page = "home"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        remember_rater(response, find_or_make_rater(form.get_user()))
        return response


class Logout(LogoutView):
    """Log out, and have the browser forget the rater."""

    next_page = "home"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
