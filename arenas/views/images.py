"""Pictures by the hash of their bytes: renditions for raters, originals for staff."""

from dataclasses import dataclass
from functools import lru_cache

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from arenas.images.models import Image, Rendition, RenditionProfile
from arenas.images.render import render_reference
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


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that comes with a prompt, in the arena's form, and what it is there for."""

    role: str
    url: str
    width: int
    height: int

    @property
    def label(self) -> str:
        """What it is there for, in the rater's language."""
        labels = {
            "subject": gettext("Subject"), "style": gettext("Style"), "source": gettext("Source"),
        }  # fmt: skip
        return labels[self.role]


@lru_cache(maxsize=4096)
def list_references(prompt: int, profile: RenditionProfile) -> tuple[Reference, ...]:
    """The prompt's reference pictures. Neither they nor their renditions ever change."""
    rows = PromptReference.objects.filter(prompt=prompt).exclude(role=PromptReference.Role.MASK)
    return tuple(describe_reference(row, profile) for row in rows.select_related("image"))


def describe_reference(reference: PromptReference, profile: RenditionProfile) -> Reference:
    rendition = render_reference(reference.image, profile)
    return Reference(
        role=reference.role,
        url=reverse("image", args=[rendition.sha256]),
        width=rendition.profile.width,
        height=rendition.profile.height,
    )
