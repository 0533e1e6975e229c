"""A check's numbers as people read them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics.checks.base import BaseCheck, Measure
from metrics.results.summarise import CheckCell, find_headline
from metrics.templatetags.metrics_format import PER_CENT

register = template.Library()
LARGE = 1000  # from here on digits after the point say nothing


@register.filter
def with_unit(value: float, measure: Measure) -> str:
    """A measured value with its unit: `0.83`, `34 %`, `1,024 pixels`."""
    if measure.unit == "share":
        return share(value)
    number = plain(value)
    return f"{number} {measure.unit}" if measure.unit else number


def share(value: float) -> str:
    if 0 < value < 0.0005:
        return f"< 0.1{PER_CENT}"
    return f"{100 * value:.{0 if value >= 0.1 or not value else 1}f}{PER_CENT}"


@register.filter
def plain(value: float | None) -> str:
    """Three digits that count, never an exponent; a dash where there is no number."""
    if value is None:
        return "–"
    whole = abs(value) >= LARGE or value == int(value)
    digits = 0 if whole else 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1
    return f"{value:,.{digits}f}".replace("-", "−")


@register.filter
def signed_plain(value: float | None) -> str:
    return "–" if value is None else ("+" if value > 0 else "") + plain(value)


@register.filter
def measured_range(measure: Measure) -> str:
    """`0 to 1; more is better`."""
    if measure.unit == "share":
        reach = f"0 to 100{PER_CENT}"
    else:
        unit = f" {measure.unit}" if measure.unit else ""
        reach = f"{plain(measure.low)} to {plain(measure.high)}{unit}"
    better = {1: "; more is better", -1: "; less is better"}.get(measure.better, "")
    return reach + better


@register.filter
def check_cell(cell: CheckCell | None) -> SafeString | str:
    """`0.83 ±0.05`, below it how many were measured of how many there are; or what is missing."""
    if cell is None:
        return "–"
    if cell.mean is None:
        words = "not measurable" if cell.tried else "not measured"
        return format_html('<span class="soft small">{}</span>', words)
    reach = "" if cell.reach is None else f"±{cell.reach:.2f}"
    title = f"Measured on {cell.measured} of {cell.done} candidates"
    if cell.tried > cell.measured:
        title += f"; {cell.tried - cell.measured} not measurable"
    return format_html(
        '{} <span class="soft small">{}<br><span title="{}">{} of {}</span></span>',
        f"{cell.mean:.2f}", reach, title, cell.measured, cell.done,
    )  # fmt: skip


@register.filter
def spaced(name: str) -> str:
    """A measure's name as words."""
    return name.replace("_", " ")


@register.filter
def says_better(check: BaseCheck) -> bool:
    """Whether more or less of its headline is better, so that votes can speak for it."""
    return bool(find_headline(check).better)
