"""How the court's figures and states read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics.court.decide import find_trust
from metrics.court.present import read_present

register = template.Library()

PRESENT = "court_format.present"
PER_CENT = "\u202f%"
LOOKS = {"may gate": "good", "advisory": "simulated", "unproven": ""}
LOW, HIGH = 0.3, 1.0  # of the plot of accuracies
TICKS = (0.5, 0.65, 0.8)


@dataclass(frozen=True, slots=True)
class Mark:
    """An accuracy in its plot: places in per cent of the width."""

    dot: float
    left: float
    right: float
    outer_left: float
    outer_right: float
    words: str


@register.filter
def state_tag(state: str) -> SafeString:
    return format_html('<span class="tag {}">{}</span>', LOOKS[state], state)


@register.simple_tag(takes_context=True)
def trust_tag(context: Context, check: str, category: str) -> SafeString:
    """The check's present state in the category, leading to its card."""
    # All tags of a page share what is expensive to read.
    if PRESENT not in context.render_context:
        context.render_context[PRESENT] = read_present()
    found = find_trust(check, category, present=context.render_context[PRESENT])
    return format_html(
        '<a href="{}" title="{}">{}</a>',
        reverse("check", args=[check]),
        sentence(found.reasons[0]),
        state_tag(found.state.value),
    )


@register.filter
def sentence(reason: str) -> str:
    """A reason as a sentence, in which no line breaks before a per-cent sign."""
    return f"{reason[:1].upper()}{reason[1:]}.".replace(" %", PER_CENT)


@register.filter
def share_of(figure: Mapping[str, Any] | None) -> SafeString | str:
    """`81 % 77–85`: a share with its interval of this moment, or a dash."""
    return show_figure(figure, lambda share: f"{100 * share:.0f}", between="–", unit=PER_CENT)


@register.filter
def number_of(figure: Mapping[str, Any] | None) -> SafeString | str:
    """The same of a number that is no share: `0.42 0.31 … 0.53`."""
    return show_figure(figure, lambda number: f"{number:.2f}", between=" … ")


def show_figure(
    figure: Mapping[str, Any] | None,
    write: Callable[[float], str],
    *,
    between: str,
    unit: str = "",
) -> SafeString | str:
    if not figure or figure["value"] is None:
        return "–"
    value = write(figure["value"]) + unit
    if figure["lower"] is None:
        return value
    reach = between.join(write(figure[name]) for name in ("lower", "upper"))
    return format_html('{} <span class="soft small">{}</span>', value, reach)


@register.filter
def accuracy_mark(figure: Mapping[str, Any]) -> Mark | None:
    """Where an accuracy lies in its plot; None without limits."""
    names = ("value", "lower", "upper", "least", "most")
    values = [figure[name] for name in names]
    if any(value is None for value in values):
        return None
    value, lower, upper, least, most = values
    words = (
        f"right in {100 * value:.0f} %, from {100 * lower:.0f} to {100 * upper:.0f} at this "
        f"moment, from {100 * least:.0f} to {100 * most:.0f} at any"
    )
    return Mark(
        dot=place(value),
        left=place(lower),
        right=place(upper),
        outer_left=place(least),
        outer_right=place(most),
        words=words,
    )


@register.filter
def percent_place(value: float) -> float:
    return 100 * value


@register.simple_tag
def accuracy_ticks() -> list[tuple[float, str]]:
    return [(place(tick), f"{100 * tick:.0f}") for tick in TICKS]


def place(value: float) -> float:
    return round(100 * (min(max(value, LOW), HIGH) - LOW) / (HIGH - LOW), 2)
