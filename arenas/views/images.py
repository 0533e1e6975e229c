"""Pictures by the hash of their bytes: renditions for raters, originals for staff."""

from collections.abc import Iterable

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from arenas.definitions.models import Arena
from arenas.images.models import Image, Rendition, RenditionProfile
from arenas.images.render import render
from arenas.suites.models import PromptReference
from arenas.views.access import staff_only

FOREVER = "public, max-age=31536000, immutable"


@require_safe
def show_rendition(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """An image as raters see it. The address says nothing but the bytes, so it never changes."""
    rendition = Rendition.objects.filter(sha256=sha256).first()
    if rendition is None:
        raise Http404("No such image.")
    return send_file(rendition.path, "image/webp")


@require_safe
@staff_only
def show_original(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """An untouched original, with all that its maker wrote into it."""
    image = get_object_or_404(Image, sha256=sha256)
    response = send_file(image.path, image.mime)
    response["Cache-Control"] = "private, no-store"
    return response


def send_file(name: str, mime: str) -> HttpResponseBase:
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404("This image is no longer stored.") from None
    response = FileResponse(file, content_type=mime)
    response["Cache-Control"] = FOREVER
    # The bytes came from outside: even if something opened them as a page, nothing could run.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    return response


def show_reference_urls(
    arena: Arena, references: Iterable[PromptReference]
) -> list[dict[str, str]]:
    """The prompt's reference pictures, in the arena's form, with what they are there for."""
    return [
        {
            "role": reference.get_role_display(),
            "url": reverse("image", args=[render_reference(reference.image, arena).sha256]),
        }
        for reference in references
    ]


def render_reference(image: Image, arena: Arena) -> Rendition:
    """A reference as raters see it: pixels alone, on a canvas of its own shape."""
    shrink = min(1, arena.profile.width / image.width, arena.profile.height / image.height)
    profile, _ = RenditionProfile.objects.get_or_create(
        width=max(1, round(image.width * shrink)),
        height=max(1, round(image.height * shrink)),
        size=arena.profile.size,
        encoder=arena.profile.encoder,
    )
    return render(image, profile)
