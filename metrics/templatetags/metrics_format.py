"""Numbers as people read them."""

from django import template
from django.http import QueryDict

from metrics.leaderboards.models import Rating

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """A share in 0 … 1 as a percentage, or a dash where there is none."""
    return "–" if share is None else f"{100 * share:.0f} %"


@register.filter
def interval(rating: Rating) -> str:
    """The distances to the bounds: `+12 −9`."""
    if rating.rating_lower is None or rating.rating_upper is None:
        return ""
    above, below = rating.rating_upper - rating.rating, rating.rating - rating.rating_lower
    return f"±{above:.0f}" if round(above) == round(below) else f"+{above:.0f} −{below:.0f}"


@register.filter
def interval_words(rating: Rating) -> str:
    if rating.rating_lower is None or rating.rating_upper is None:
        return f"{rating.rating:.0f}, without an interval"
    return f"{rating.rating:.0f}, from {rating.rating_lower:.0f} to {rating.rating_upper:.0f}"


@register.filter
def words(name: str) -> str:
    """A method's name as words."""
    return {"bradley_terry": "Bradley–Terry", "davidson": "Davidson", "elo": "online Elo"}.get(
        name, name
    )


@register.filter
def with_raters(query: str, raters: str) -> str:
    """The page's query with other raters."""
    changed = QueryDict(query, mutable=True)
    changed["raters"] = raters
    return changed.urlencode()
