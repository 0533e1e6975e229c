"""What a page must say of a judge that judges its own kin."""

from django import template
from django.utils.html import format_html

from arenas.definitions.models import Arena
from arenas.judging.measure import describe_kinships
from metrics.court.present import find_names

register = template.Library()


@register.simple_tag
def kin_of_judges(arena: Arena) -> str:
    """A note on the arena's judges that are of a competitor's family; nothing where none is."""
    return make_note(describe_kinships(arena=arena, shown=find_names()))


@register.simple_tag
def kin_of_judge(rater: str) -> str:
    """The same of one judge, by the name of its rater, in whichever arena."""
    return make_note(describe_kinships(rater=rater, shown=find_names()))


def make_note(said: str) -> str:
    return format_html('<p class="note"><b>Of the same family:</b> {}</p>', said) if said else ""
