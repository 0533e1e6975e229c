"""Which candidates raters can be shown in an arena: done, and rendered in its form."""

import logging

from django.db.models import Exists, OuterRef, QuerySet

from arenas.candidates.models import Candidate, Part
from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from arenas.images.decode import BadImage
from arenas.images.models import Image, Rendition
from arenas.images.render import TooSmallProfile, render

logger = logging.getLogger(__name__)


def unrendered_parts(arena: Arena) -> QuerySet[Part]:
    """Image parts that raters would see but that have no rendition in the arena's profile."""
    rendered = Rendition.objects.filter(image=OuterRef("image"), profile=arena.profile_id)
    return Part.objects.filter(image__isnull=False, thought=False).exclude(Exists(rendered))


def showable_candidates(arena: Arena) -> QuerySet[Candidate]:
    """The arena's candidates that can meet in battles."""
    missing = unrendered_parts(arena).filter(candidate=OuterRef("pk"))
    done = select_candidates(arena).filter(status=Candidate.Status.DONE)
    return done.exclude(Exists(missing))


def render_missing(arena: Arena, *, limit: int) -> int:
    """Render what an arena's new profile or a competitor's late entry left unrendered."""
    done = select_candidates(arena).filter(status=Candidate.Status.DONE)
    parts = unrendered_parts(arena).filter(candidate__in=done.values("pk"))
    images = Image.objects.filter(pk__in=parts.values("image"))[:limit]
    for image in images:
        try:
            render(image, arena.profile)
        except (
            BadImage,
            TooSmallProfile,
            OSError,
        ) as error:  # the others are rendered all the same
            logger.warning("%s cannot be rendered for %s: %s", image, arena.slug, error)
    return len(images)
