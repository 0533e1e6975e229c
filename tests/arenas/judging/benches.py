"""Judges with a seat in the small arena, and what workers do with them."""

import random
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from arenas.candidates.limit import get_limiter
from arenas.competitors.judges import Judge
from arenas.definitions.seats import Seat
from arenas.judging.ask import Asker
from arenas.judging.models import Judgment
from arenas.judging.plan import plan_judgments
from arenas.judging.settle import settle
from arenas.suites.models import Prompt
from tests.factories import NOW

PRICE = {"input_text": 0.3, "output_text": 2.5}
QUESTIONS = {"overall": "better"}


def seat_judge(arena, *, provider="gemini", model="gemini-2.5-flash", name="looker", **fields):
    judge, _ = Judge.objects.get_or_create(
        name=name, defaults={"provider": provider, "model": model, "price": PRICE}
    )
    return Seat.objects.create(
        **{"arena": arena, "judge": judge, "questions": QUESTIONS, "most": 4, **fields}
    )


def ask(seat, *, rounds=1, clock=timezone.now):
    """Plan, ask and settle as workers would; later rounds come when tries may be repeated."""
    plan_judgments(seat, now=NOW)
    for number in range(rounds):

        def late(number=number):
            return clock() + timedelta(minutes=2 * number)

        limiter = get_limiter(settings.REDIS_URL)
        Asker([seat], limiter, late, random.Random(1)).run(20)
    settle(seat, now=NOW)
    return list(Judgment.objects.order_by("pk"))


def word_prompts(words):
    """Have every prompt say this, too: the stand-in reads from it how to fail."""
    for prompt in Prompt.objects.all():
        Prompt.objects.filter(pk=prompt.pk).update(turns=[f"{prompt.turns[0]} {words}"])


def list_jobs(service):
    """The calls that brought batch jobs."""
    return [each for each in service.received if "batchGenerateContent" in each.path]


def count_questions(service):
    """How many questions arrived, in whichever way."""
    inline = [each.body["batch"]["inputConfig"]["requests"]["requests"]
              for each in list_jobs(service)]  # fmt: skip
    alone = [each for each in service.received if each.path.endswith(":generateContent")]
    return sum(map(len, inline)) + len(alone)
