"""Numbers as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics.leaderboards.compare import Gap, PairShare
from metrics.leaderboards.models import Rating
from metrics.views.limit import FAR, LEAST_PAIRS, TOO_FEW, is_far, keep_share
from metrics.views.plot import Shown
from metrics.views.winrates import Cell, signed

register = template.Library()

# A narrow space that no line breaks at, as before every per-cent sign of a page.
PER_CENT = "\u202f%"
NOTHING = "Nothing connects them"
NEVER_LOST = (
    "It never lost or tied: no finite rating fits its votes best, and nothing bounds it above."
)
NEVER_WON = (
    "It never won or tied: no finite rating fits its votes best, and nothing bounds it below."
)

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
    return "–" if share is None else f"{100 * share:.0f}{PER_CENT}"


def dash(title: str) -> SafeString:
    """What stands for a figure that would say nothing."""
    return format_html('<span class="soft small" title="{}">–</span>', title)


def never(rating: Rating) -> str:
    """`lost` or `won` for a competitor whose votes all went one way, which bounds one side only."""
    if rating.ties or rating.both_bad or not rating.wins + rating.losses:
        return ""
    return "" if rating.wins and rating.losses else "lost" if rating.wins else "won"


@register.filter
def rating_cell(shown: Shown) -> str:
    """`1034 ±12`; only the bound that the votes give, or a dash where the interval is too wide."""
    rating, lower, upper = shown.rating, shown.lower, shown.upper
    if not rating.votes:
        return "–"
    if lower is None or upper is None:
        return f"{rating.rating:.0f}"
    if is_far(lower, upper):
        return dash(TOO_FEW)
    below, above = rating.rating - lower, upper - rating.rating
    match never(rating):
        case "lost":
            reach, title = f"≥ {lower:.0f}", NEVER_LOST
        case "won":
            reach, title = f"≤ {upper:.0f}", NEVER_WON
        case _ if round(above) == round(below):
            reach, title = f"±{above:.0f}", ""
        case _:
            reach, title = f"+{above:.0f} −{below:.0f}", ""
    said = format_html(' title="{}"', title) if title else ""
    return format_html(
        '{} <span class="soft small"{}>{}</span>', f"{rating.rating:.0f}", said, reach
    )


@register.filter
def interval_words(shown: Shown) -> str:
    rating = shown.rating.rating
    if shown.lower is None or shown.upper is None:
        return f"{rating:.0f}, without an interval"
    if is_far(shown.lower, shown.upper):
        return "too few votes"
    match never(shown.rating):
        case "lost":
            return f"{rating:.0f}, from {shown.lower:.0f} up"
        case "won":
            return f"{rating:.0f}, from {shown.upper:.0f} down"
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
    """A distance in rating points, without its sign; beyond 100 to 1 its size says nothing."""
    return f"more than {FAR:.0f}" if abs(value) > FAR else f"{abs(value):.0f}"


register.filter(signed)


@register.filter
def tells(found: Gap | Mapping[str, Any] | None) -> bool:
    """Whether there are points with an interval that says anything, or with none at all."""
    if found is None:
        return False
    lower, upper = (
        (found.lower, found.upper) if isinstance(found, Gap) else (found["lower"], found["upper"])
    )
    return lower is None or upper is None or not is_far(lower, upper)


@register.filter
def value_cell(estimate: Mapping[str, Any]) -> str:
    """`+12 +3 … +21`: points with their interval, or a dash where it is too wide."""
    value, lower, upper = (estimate[name] for name in ("value", "lower", "upper"))
    if lower is None or upper is None:
        return signed(value)
    if is_far(lower, upper):
        return dash(TOO_FEW)
    reach = f"{signed(lower)} … {signed(upper)}"
    return format_html('{} <span class="soft small">{}</span>', signed(value), reach)


@register.filter
def enough_pairs(alpha: Mapping[str, Any]) -> bool:
    """Whether several raters rated so many pairs that alpha says anything."""
    return alpha["units"] >= LEAST_PAIRS and alpha["alpha"] is not None


@register.simple_tag
def least_pairs() -> int:
    return LEAST_PAIRS


@register.filter
def share_interval(share: PairShare | None) -> str:
    """`64 % 58–70`, or a dash where there were no votes."""
    if share is None or share.share is None or share.lower is None or share.upper is None:
        return "–"
    bounds = bounds_in_percent(share.lower, share.upper)
    return format_html('{} <span class="soft small">{}</span>', percent(share.share), bounds)


@register.filter
def share_bounds(estimate: Mapping[str, float]) -> str:
    """`58–70`: the bounds of a share in 0 … 1, in percent."""
    return bounds_in_percent(estimate["lower"], estimate["upper"])


def bounds_in_percent(lower: float, upper: float) -> str:
    return f"{100 * keep_share(lower):.0f}–{100 * keep_share(upper):.0f}"


@register.filter
def rated(cell: tuple[float, float | None, float | None] | None) -> str:
    """`1034 ±12`, or a dash."""
    if cell is None:
        return "–"
    rating, lower, upper = cell
    if lower is None or upper is None:
        return f"{rating:.0f}"
    if is_far(lower, upper):
        return dash(TOO_FEW)
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
        return f'<td class="none" title="{cell.below or NOTHING}">–</td>'
    return f'<td class="{cell.shade}">{cell.figure}<small class="nowrap">{cell.below}</small></td>'
