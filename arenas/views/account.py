"""Logging in and out, for raters of arenas that ask for an account."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from arenas.raters.account import find_or_make_rater
from arenas.raters.admit import HasLeft
from arenas.raters.try_login import count_try, forgive
from arenas.views.access import COOKIE, find_address, remember_rater
from arenas.views.language import in_raters_language


class LimitedForm(AuthenticationForm):
    """Name and password; after some wrong ones, none is tried for some minutes.

    That is said whether or not there is such a name.
    """

    error_messages = {
        "invalid_login": _("This name and password do not belong together."),
        "inactive": _("This account is closed."),
    }

    def clean(self) -> dict[str, Any]:
        name, password = (self.cleaned_data.get(field) for field in ("username", "password"))
        if not name or not password:
            return super().clean()
        address = find_address(self.request) if self.request else ""
        if not count_try(name, address, now=timezone.now()):
            raise ValidationError(_("Too many wrong passwords. Please try again in some minutes."))
        cleaned = super().clean()
        forgive(name, address)
        return cleaned


class StaffForm(LimitedForm, AdminAuthenticationForm):
    """The same for the admin, which lets staff alone in."""

    error_messages = AdminAuthenticationForm.error_messages


@method_decorator(in_raters_language, name="dispatch")
class Login(LoginView):
    """Log in, and go on where one was; from then on the browser is the user's one rater."""

    template_name = "arenas/login.html"
    authentication_form = LimitedForm
    next_page = "home"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        try:
            rater = find_or_make_rater(form.get_user())
        except HasLeft:  # a withdrawal deleted the account while its password was checked
            return redirect("mine")
        response = super().form_valid(form)
        remember_rater(response, rater)
        return response


class Logout(LogoutView):
    """Log out, and have the browser forget the rater."""

    next_page = "home"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
