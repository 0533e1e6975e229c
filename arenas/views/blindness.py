"""How blind an arena is: what its latest audit found, for everybody."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from arenas.blindness.describe import (
    INSIDE_SAYS,
    INSIDE_TITLE,
    conclude,
    list_attacks,
    list_inside,
    list_pixels,
    list_prompts,
    list_sides,
    percent,
)
from arenas.blindness.models import BlindnessAudit
from arenas.views.access import find_arena_for


@require_safe
def blindness(request: HttpRequest, slug: str) -> HttpResponse:
    arena = find_arena_for(request, slug, "profile")
    audit = BlindnessAudit.objects.filter(arena=arena).first()
    context: dict[str, Any] = {"arena": arena, "audit": audit}
    if audit:
        context |= {
            "conclusion": conclude(audit),
            "chance": percent(audit.chance),
            "attacks": list_attacks(audit),
            "inside": (INSIDE_TITLE, INSIDE_SAYS, list_inside(audit)),
            "sides": list_sides(audit),
            "pixels": list_pixels(audit),
            "prompts": list_prompts(audit),
        }
    return render(request, "arenas/blindness.html", context)
