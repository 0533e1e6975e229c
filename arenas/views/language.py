"""Raters' pages speak the rater's language: the one chosen, or the browser's."""

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from arenas.views.access import View


def in_raters_language(view: View) -> View:
    """Have the view speak the language that the request asks for, by cookie or by header."""

    @wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = translation.get_language_from_request(request)
        with translation.override(language):
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()  # here, where its texts are understood
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    return spoken
