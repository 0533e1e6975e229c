"""How a check reaches a judging model: the judge of an arena that lets the check ask it."""

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from PIL import Image

from arenas.definitions.seats import Seat
from arenas.judging.inquire import (
    Hindered,
    NoReply,
    NotNow,
    Question,
    find_pause,
    find_seat,
    inquire,
)
from arenas.providers.base import Reference
from metrics.checks import base
from metrics.checks.base import BaseCheck, CannotAsk, Finding
from metrics.results.isolate import Apart, BadPicture, Measurement, get_apart
from metrics.results.measure import TROUBLE, Given, make_subject, measure

LONGEST_SIDE = 1536  # pixels that a judge is shown
DIGITS = 8  # of the judge's setting, in the version of a result


def make_check(name: str) -> BaseCheck:
    """The check; the version of one that asks names the judge's setting, too."""
    check = base.make_check(name)
    seat = find_seat(name) if check.asks else None
    if seat is None:
        return check
    version = f"{check.version}+{seat.judge.digest[:DIGITS]}"
    kind: type[BaseCheck] = type(check.__class__.__name__, (check.__class__,), {"version": version})
    return kind()


class Asking:
    """Puts a check's questions to a judge, and remembers what that cost and what stood in the way.

    `trouble` is why a question cannot be put until somebody sees to it; the finding is then none
    of the pictures'. Where one cannot be put `now`, there is no finding at all.
    """

    def __init__(self, seat: Seat, check: str) -> None:
        self.seat, self.check = seat, check
        self.cost = Decimal(0)
        self.trouble = ""
        self.now = True

    def __call__(
        self, images: Sequence[Image.Image], question: str, schema: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        if not self.now:
            raise CannotAsk("the judge cannot be asked now")
        named = [
            Reference(f"Picture {number}", "", encode(image), "image/webp")
            for number, image in enumerate(images, 1)
        ]
        began, asked = timezone.now(), Question(named, question, schema)
        try:
            reply = inquire(self.seat, self.check, asked, clock=timezone.now)
        except NotNow as error:
            self.now = False
            raise CannotAsk(str(error)) from error
        except Hindered as error:
            self.trouble = str(error)
            raise CannotAsk(str(error)) from error
        except NoReply as error:
            raise CannotAsk(str(error)) from error
        if reply.finished_at and reply.finished_at >= began:
            self.cost += reply.cost_usd
        return dict(reply.answers)


def encode(image: Image.Image) -> bytes:
    """The picture for a judge: pixels alone, the same bytes for the same pixels."""
    shown = image.convert("RGB")
    shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "WEBP", quality=90, method=2)
    return buffer.getvalue()


def measure_asking(
    given: Given[bytes], names: Sequence[str], apart: Apart | None = None
) -> Iterator[tuple[str, Measurement]]:
    """What each of these checks finds with a judge's help. Pictures are decoded apart, as ever.

    Of a check whose judge cannot be asked now, nothing: it stays missing.
    """
    names = [name for name in names if not is_paused(name)]
    if not names:
        return
    try:
        decoded = (apart or get_apart()).decode_all(given)
    except BadPicture as error:
        for name in names:
            yield name, Measurement(Finding(not_measurable=str(error)), 0)
        return
    for name in names:
        began = time.monotonic()
        seat = find_seat(name)
        ask = Asking(seat, name) if seat else None
        finding = measure(make_check(name), make_subject(decoded, ask))
        if ask and not ask.now:
            continue
        if ask and ask.trouble:
            finding = Finding(not_measurable=f"{TROUBLE}could not ask: {ask.trouble}")
        yield (
            name,
            Measurement(finding, time.monotonic() - began, cost_usd=ask.cost if ask else None),
        )


def is_paused(name: str) -> bool:
    """Whether the check's judge is closed for now, so that pictures need not be decoded for it."""
    seat = find_seat(name)
    return seat is not None and find_pause(seat.judge, now=timezone.now()) is not None
