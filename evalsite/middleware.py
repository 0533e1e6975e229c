"""What must happen before Django reads a form."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from evalsite.views import show_error


class Utf8Forms:
    """Refuse forms in another encoding than UTF-8, which every browser sends.

    Django decodes multipart forms by whatever codec the request names, and some of Python's
    codecs are no text encodings at all: they would make any page fail.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            return show_error(request, 400)
        return self.get_response(request)
