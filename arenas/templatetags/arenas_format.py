"""Competitors and money as people read them."""

from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language

from arenas.competitors.models import Competitor
from arenas.competitors.price import Price, read_price
from arenas.definitions.models import Arena, Question
from arenas.definitions.speak import Spoken
from arenas.definitions.voting import Worded

register = template.Library()


@register.filter
def spoken(written: Worded | Question) -> Spoken:
    """What the arena's author wrote, in the page's language where there is a translation."""
    return written.speak(get_language() or "")


@register.filter
def spoken_title(arena: Arena) -> Spoken:
    return arena.speak_title(get_language() or "")


@register.filter
def spoken_description(arena: Arena) -> Spoken:
    return arena.speak_description(get_language() or "")


@register.filter
def lang(text: Spoken | str, arena: Arena) -> str:
    """` lang="en"` for an element whose text is not in the page's language (WCAG 3.1.2)."""
    if not isinstance(text, Spoken):
        return ""
    language = text.foreign(arena.language, get_language() or "")
    return format_html(' lang="{}"', language) if language else ""


@register.simple_tag
def lifecycle(competitor: Competitor) -> str:
    """A tag that says when the model ended or is to end; nothing for one that lives on."""
    today = timezone.now().date()
    end = competitor.retired_on or competitor.retiring_on
    if end is None:
        return ""
    title = describe_end(competitor, end, today)
    if competitor.is_retired(today):
        return format_html('<span class="tag" title="{}">retired</span>', title)
    day = date_format(end, "j M Y")
    return format_html('<span class="tag nowrap" title="{}">retiring {}</span>', title, day)


def describe_end(competitor: Competitor, end: date, today: date) -> str:
    day = date_format(end, "j F Y")
    if competitor.is_retired(today):
        words = f"No calls are made to it since {day}; its pictures and votes stay."
    else:
        words = f"It is said to end on {day}."
    if competitor.retired_note:
        words += f" How that is known: {competitor.retired_note}."
    if competitor.replacement:
        words += f" Its maker names in its place: {competitor.replacement}."
    return words


@register.filter
def list_price(competitor: Competitor) -> str:
    """What the price list says, with where and when it was read; a dash where none is known."""
    price = read_price(competitor.price)
    if price is None:
        return "–"
    day = f", {date_format(price.as_of, 'j M Y')}" if price.as_of else ""
    source = link_source(price.source) if price.source else "source unknown"
    return format_html(
        '{} <span class="soft small">({}{})</span>', describe_price(price), source, day
    )


def link_source(source: str) -> str:
    """Where a price was read: a page by its host, anything else in its own words."""
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        return source
    return format_html('<a href="{}">{}</a>', source, parts.hostname or source)


def describe_price(price: Price) -> str:
    each = [f"{exactly(price.image)} an image"] if price.image is not None else []
    kinds = {
        "text read": price.input_text,
        "images read": price.input_image,
        "text": price.output_text,
        "images": price.output_image,
    }
    tokens = [f"{exactly(usd)} {kind}" for kind, usd in kinds.items() if usd is not None]
    by_tokens = [f"per million tokens: {', '.join(tokens)}"] if tokens else []
    return "; ".join(each + by_tokens)


def exactly(usd: Decimal) -> str:
    """With all its digits, and cents at least."""
    return f"${usd:.2f}" if usd == round(usd, 2) else f"${usd.normalize():f}"


@register.filter
def as_percent(share: float) -> str:
    return f"{100 * share:.0f}\u202f%"


@register.filter
def dollars(amount: Decimal | None) -> str:
    """`$12.40`; a small amount with two digits that say something: `$0.067`, `$0.0042`."""
    if amount is None:
        return "–"
    if not amount or amount >= Decimal("0.1"):
        return f"${amount:,.2f}"
    # Not in thousandths of a cent: nobody is billed them.
    return f"${amount:.2}" if amount >= Decimal("0.0001") else "under $0.0001"
