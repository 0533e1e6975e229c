"""Which judges an arena has, and what they are asked there."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from django.db import models
from django.db.models import Q
from pydantic import Field, JsonValue, StringConstraints, model_validator

from arenas.competitors.judges import Judge
from arenas.competitors.models import Competitor
from arenas.competitors.price import USD, Price
from arenas.definitions.competitors import Name, Source, store_price
from arenas.definitions.models import Arena, Question
from arenas.definitions.voting import Count
from arenas.providers.base import BatchProvider, make_provider
from arenas.suites.read_yaml import Place, Strict
from metrics.checks.base import check_names, make_check

Aspect = Literal["instruction", "preservation", "identity", "naturalness", "overall"]
# A question of one of these names asks what a judge is asked as `overall`.
OVERALL = ("overall", "better")


class JudgePrice(Price):
    """A judge's price by tokens: it draws nothing."""

    output_image: USD | None = Decimal(0)


class Seat(models.Model):
    """A judge's place in an arena. Leaving keeps what it said, and what that cost."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="seats")
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="seats")
    questions = models.JSONField(default=dict, blank=True, help_text="aspect → question's id")
    share = models.FloatField(null=True, blank=True, help_text="of all pairs that could meet")
    most = models.PositiveIntegerField(null=True, blank=True, help_text="battles")
    budget_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    in_batches = models.BooleanField(default=False, help_text="later and for less, where possible")
    same_family = models.BooleanField(default=False, help_text="it may judge its own kin")
    checks = models.JSONField(default=list, blank=True, help_text="checks that ask it")
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["arena", "judge"], name="one_seat_per_judge"),
            models.CheckConstraint(
                condition=Q(share=None) | Q(share__gt=0, share__lte=1), name="share_of_battles"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.judge} in {self.arena}"

    def find_kin(self) -> list[Competitor]:
        """The competitors here that are of the judge's own family."""
        return [each for each in self.arena.competitors() if each.kin == self.judge.kin]


class JudgeShape(Strict):
    """A judge in an arena's file; of one that exists already, the name will do."""

    name: Name
    provider: str = ""
    model: Annotated[str, StringConstraints(max_length=200)] = ""
    params: dict[str, JsonValue] = {}
    family: Annotated[str, StringConstraints(max_length=100)] = ""
    price: JudgePrice | None = None
    questions: dict[Aspect, str] = {}
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    most: Count | None = None
    budget_usd: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = None
    batch: bool = False
    same_family: bool = False
    checks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.share is not None and self.most is not None:
            raise ValueError("share or most says how many battles are judged: not both")
        if self.share is None and self.most is None and not self.checks:
            raise ValueError("share (of all possible battles) or most (a number) is needed")
        return self

    @property
    def setting(self) -> dict[str, Any]:
        return {"provider": self.provider, "model": self.model, "params": self.params}


def seat_judges(
    arena: Arena, shapes: Sequence[JudgeShape], source: Source, *, now: datetime
) -> None:
    """Give the file's judges their places, and have all others leave. Raises BadFile."""
    seated = [seat_judge(arena, shape, source, ("judges", n)) for n, shape in enumerate(shapes)]
    Seat.objects.filter(arena=arena, left_at=None).exclude(pk__in=[s.pk for s in seated]).update(
        left_at=now
    )


def seat_judge(arena: Arena, shape: JudgeShape, source: Source, place: Place) -> Seat:
    judge = find_or_create_judge(shape, source, place)
    check_affordable(judge, shape, source, place)
    check_batches(judge, shape, source, place)
    check_asking(arena, judge, shape, source, place)
    seat, _ = Seat.objects.update_or_create(
        arena=arena,
        judge=judge,
        defaults={
            "questions": find_questions(arena, shape, source, place),
            "share": shape.share,
            "most": shape.most,
            "budget_usd": shape.budget_usd,
            "in_batches": shape.batch,
            "same_family": shape.same_family,
            "checks": list(shape.checks),
            "left_at": None,
        },
    )
    kin = [each.name for each in seat.find_kin()]
    if kin and not shape.same_family:
        raise source.error(
            place,
            f"judge {judge.name!r} is of the family {judge.kin!r}, as {', '.join(kin)}: a judge "
            "may favour its own (`same_family: true` lets it, and boards say so)",
        )
    return seat


def find_or_create_judge(shape: JudgeShape, source: Source, place: Place) -> Judge:
    """The judge of this name. The same name with another setting is an error."""
    known = Judge.objects.filter(name=shape.name).first()
    given = bool(shape.model_fields_set & set(shape.setting))
    if known is None or given:
        check_setting(shape, source, place)
    if known is None:
        price = store_price(shape.price)
        return Judge.objects.create(
            name=shape.name, family=shape.family, price=price, **shape.setting
        )
    if given and known.setting != tuple(shape.setting.values()):
        raise source.error(
            place,
            f"judge {shape.name!r} exists with another setting; "
            "a setting is frozen: give the new one another name",
        )
    if "family" in shape.model_fields_set:
        known.family = shape.family
    if "price" in shape.model_fields_set:
        known.price = store_price(shape.price)
    known.save()
    return known


def check_setting(shape: JudgeShape, source: Source, place: Place) -> None:
    """A parameter that has no effect on a judge would be a setting that lies."""
    try:
        provider = make_provider(shape.provider, shape.model, shape.params)
    except ValueError as error:
        raise source.error(place, f"judge {shape.name!r}: {error}") from error
    heeded = provider.asked_with
    if heeded is None:
        raise source.error(place, f"judge {shape.name!r}: {shape.provider} does not judge images")
    if idle := sorted(set(shape.params) - set(heeded)):
        known = ", ".join(heeded) or "none"
        raise source.error(
            place, f"judge {shape.name!r}: {idle[0]!r} has no effect on a judge (known: {known})"
        )


def check_affordable(judge: Judge, shape: JudgeShape, source: Source, place: Place) -> None:
    """A budget means nothing where a price is not known."""
    free = make_provider(judge.provider, judge.model, judge.params).is_free
    if shape.budget_usd is not None and not judge.price and not free:
        raise source.error(place, f"judge {judge.name!r}: budget_usd needs a price")


def check_batches(judge: Judge, shape: JudgeShape, source: Source, place: Place) -> None:
    provider = make_provider(judge.provider, judge.model, judge.params)
    if shape.batch and not isinstance(provider, BatchProvider):
        raise source.error(place, f"judge {judge.name!r}: {judge.provider} takes no batches")


def find_questions(arena: Arena, shape: JudgeShape, source: Source, place: Place) -> dict[str, str]:
    """Which of the arena's questions each aspect answers; without a word, overall does."""
    pairs = arena.questions.filter(retired_at=None, form=Question.Form.PAIR)
    keys = [question.key for question in pairs]
    for aspect, key in shape.questions.items():
        if key not in keys:
            raise source.error(
                place, f"{aspect}: no question {key!r} compares pairs (known: {', '.join(keys)})"
            )
    if shape.questions or (shape.share is None and shape.most is None):
        return {str(aspect): key for aspect, key in shape.questions.items()}
    named = [key for key in keys if key in OVERALL] or keys
    if len(named) != 1:
        raise source.error(
            place, f"questions: which of {', '.join(keys)} does the judge's `overall` answer?"
        )
    return {"overall": named[0]}


def check_asking(
    arena: Arena, judge: Judge, shape: JudgeShape, source: Source, place: Place
) -> None:
    """Checks belong to candidates, not to arenas: one judge of the site answers each."""
    for name in shape.checks:
        if name not in check_names() or not make_check(name).asks:
            asking = ", ".join(each for each in check_names() if make_check(each).asks)
            raise source.error(place, f"{name!r} is no check that asks a judge (known: {asking})")
        if name not in arena.checks:
            raise source.error(place, f"the arena's `checks:` do not name {name!r}")
        for other in Seat.objects.filter(left_at=None).exclude(judge=judge).exclude(arena=arena):
            if name in other.checks:
                raise source.error(
                    place,
                    f"{name!r} asks {other.judge.name!r} already, in arena {other.arena.slug!r}",
                )
