"""What several commands ask for in the same words."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from arenas.definitions.models import Arena


def add_arena(parser: ArgumentParser) -> None:
    parser.add_argument("arena", metavar="ARENA", help="the arena's slug")


def find_arena(slug: str) -> Arena:
    """The arena of this slug. Raises CommandError naming those that exist."""
    arena = Arena.objects.select_related("suite_version", "profile").filter(slug=slug).first()
    if arena is None:
        known = ", ".join(Arena.objects.values_list("slug", flat=True)) or "none is loaded"
        raise CommandError(f"there is no arena {slug!r} ({known})")
    return arena
