"""What comes from services, made fit for the database and for people: no key, no odd character,
no number that cannot be.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from arenas.providers._secrets import redact
from arenas.providers.base import Outcome, ProviderError, TextPart

# PostgreSQL stores neither of them.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
LONGEST_REASON = 2000
MOST_COUNTED = 100_000_000  # tokens or images of one try
DEAREST = Decimal(10_000)  # USD of one try

End = Outcome | ProviderError


def clean(end: End) -> End:
    """The same end of a try without what must not be stored."""
    if isinstance(end, ProviderError):
        return ProviderError(
            clean_reason(str(end)),
            cause=end.cause,
            retry_after=end.retry_after,
            raw_reason=clean_reason(end.raw_reason),
            usage=clean_usage(end.usage),
            resume=end.resume,
            perhaps_billed=end.perhaps_billed,
        )
    cost = end.cost_usd
    return replace(
        end,
        parts=tuple(
            replace(part, text=clean_text(part.text)) if isinstance(part, TextPart) else part
            for part in end.parts
        ),
        reason=clean_reason(end.reason),
        raw_reason=clean_reason(end.raw_reason),
        model_version=clean_text(end.model_version)[:100],
        response_id=clean_text(end.response_id)[:200],
        usage=clean_usage(end.usage),
        cost_usd=cost if cost is not None and 0 <= cost <= DEAREST else None,
        details={clean_text(str(key)): clean_value(value) for key, value in end.details.items()},
    )


def clean_text(text: str) -> str:
    return UNSTORABLE.sub("�", redact(text))


def clean_reason(text: str) -> str:
    cleaned = clean_text(text[: 2 * LONGEST_REASON])
    return cleaned if len(cleaned) <= LONGEST_REASON else f"{cleaned[:LONGEST_REASON]}…"


def clean_usage(usage: Mapping[str, int]) -> dict[str, int]:
    """The counts that can be; where one cannot, none but the images are believed."""
    counts = {name: n for name, n in usage.items() if type(n) is int and 0 <= n <= MOST_COUNTED}
    if len(counts) < len(usage):
        return {name: n for name, n in counts.items() if name == "images"}
    return counts


def clean_value(value: object) -> object:
    """Any value as JSON can hold it."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean_value(each) for each in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if value is None or isinstance(value, bool | int) else clean_text(str(value))
