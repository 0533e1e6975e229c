"""Numbers as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics.leaderboards.compare import PairShare
from metrics.views.plot import Shown
from metrics.views.winrates import Cell, signed

register = template.Library()

METHODS = {
    "bradley_terry": "Bradley–Terry",
    "rescaled": "Bradley–Terry, rescaled to uniformly drawn pairs",
    "davidson": "Davidson",
    "davidson_position": "Davidson with position",
    "plackett_luce": "Plackett–Luce",
    "elo": "online Elo",
}


@register.filter
def percent(share: float | None) -> str:
    """A share in 0 … 1 as a percentage, or a dash where there is none."""
    return "–" if share is None else f"{100 * share:.0f} %"


@register.filter
def interval(shown: Shown) -> str:
    """The distances to the bounds: `+12 −9`."""
    rating = shown.rating.rating
    if shown.lower is None or shown.upper is None:
        return ""
    above, below = shown.upper - rating, rating - shown.lower
    return f"±{above:.0f}" if round(above) == round(below) else f"+{above:.0f} −{below:.0f}"


@register.filter
def interval_words(shown: Shown) -> str:
    rating = shown.rating.rating
    if shown.lower is None or shown.upper is None:
        return f"{rating:.0f}, without an interval"
    return f"{rating:.0f}, from {shown.lower:.0f} to {shown.upper:.0f}"


@register.filter
def ranks(shown: Shown) -> str:
    """The ranks that the votes allow: `2`, or `2–4`."""
    if shown.rank_lower is None or shown.rank_upper is None:
        return "–"
    if shown.rank_lower == shown.rank_upper:
        return f"{shown.rank_lower}"
    return f"{shown.rank_lower}–{shown.rank_upper}"


@register.filter
def lookup(table: Mapping[int, Any], key: int) -> Any:
    return table.get(key)


@register.filter
def points(value: float) -> str:
    """A distance in rating points, without its sign."""
    return f"{abs(value):.0f}"


register.filter(signed)


@register.filter
def share_interval(share: PairShare | None) -> str:
    """`64 % (58–70)`, or a dash where there were no votes."""
    if share is None or share.share is None or share.lower is None or share.upper is None:
        return "–"
    low, high = 100 * share.lower, 100 * share.upper
    text = (f"{value:.0f}" for value in (100 * share.share, low, high))
    return format_html('{} % <span class="soft small">{}–{}</span>', *text)


@register.filter
def share_bounds(estimate: Mapping[str, float]) -> str:
    """`58–70`: the bounds of a share in 0 … 1, in percent."""
    return f"{100 * estimate['lower']:.0f}–{100 * estimate['upper']:.0f}"


@register.filter
def rated(cell: tuple[float, float | None, float | None] | None) -> str:
    """`1034 ±12`, or a dash."""
    if cell is None:
        return "–"
    rating, lower, upper = cell
    if lower is None or upper is None:
        return f"{rating:.0f}"
    reach = f"±{(upper - lower) / 2:.0f}"
    return format_html('{} <span class="soft small">{}</span>', f"{rating:.0f}", reach)


@register.filter
def in_words(coefficient: Mapping[str, Any]) -> str:
    """What a style coefficient says: `sharper pictures are preferred`."""
    lower, upper, more = (coefficient[name] for name in ("lower", "upper", "more"))
    subject = "the side shown first is" if more == "shown first" else f"{more} pictures are"
    if lower is not None and lower > 0:
        return f"{subject} preferred"
    if upper is not None and upper < 0:
        return f"{subject} less preferred"
    return "no clear preference"


@register.filter
def usd(amount: float | None) -> str:
    """An amount in US dollars, with as many digits as small prices need."""
    if amount is None:
        return "–"
    return f"${amount:.2f}" if amount >= 0.1 or not amount else f"${amount:.2g}"


@register.filter
def seconds(amount: float | None) -> str:
    if amount is None:
        return "–"
    return f"{amount:.0f} s" if amount >= 10 else f"{amount:.2g} s"


@register.filter
def words(name: str) -> str:
    """A method's name as words."""
    return METHODS.get(name, name)


@register.filter
def cells_html(cells: Sequence[Cell | None]) -> SafeString:
    """A row's cells. Joined here, since a template takes a tenth of a second for 50 × 50."""
    return SafeString("".join(map(cell_html, cells)))


def cell_html(cell: Cell | None) -> str:
    """Nothing to escape: figures are numbers that we have formatted."""
    if cell is None:
        return '<td class="none">·</td>'
    if not cell.figure:
        return '<td class="none" title="Nothing connects them">–</td>'
    return f'<td class="{cell.shade}">{cell.figure}<small class="nowrap">{cell.below}</small></td>'
