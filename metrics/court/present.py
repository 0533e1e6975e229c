"""The competitors of now, by which a ruling holds or has expired."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Exists, Func, OuterRef

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Entry
from arenas.suites.models import Prompt
from metrics.court.models import CourtRuling
from metrics.leaderboards.models import Rating

# So many prompts of each category are looked at first; mostly one tells already.
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Present:
    """The competitors (ids) of now: what each made, where it is in, and what may be said of it.

    `made` has each with the categories of its candidates, in the suites of the arenas that it
    entered; `checks` the names of the checks of the arenas that it has not left, `kin` its family.
    `names` are those that some board shows: of the others nobody is told, not even the family.
    """

    made: frozenset[tuple[int, str]]
    checks: Mapping[int, frozenset[str]]
    kin: Mapping[int, str]
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """The prompts of one category in a suite, by a sample of them."""

    suite: int
    category: str
    sample: list[int]


NOBODY = Present(frozenset(), {}, {}, {})


def read_present() -> Present:
    """For one page or command: all its queries together look at few candidates."""
    if not CourtRuling.objects.exists():
        return NOBODY  # then nobody's family matters
    checks: dict[int, frozenset[str]] = {}
    entries = Entry.objects.filter(withdrawn_at=None)
    for competitor, named in entries.values_list("competitor", "arena__checks"):
        checks[competitor] = checks.get(competitor, frozenset()).union(named)
    return Present(
        find_made(checks),
        checks,
        {each.pk: each.kin for each in Competitor.objects.all()},
        find_names(),
    )


def find_names() -> dict[int, str]:
    """The names that a public board shows: of those with votes in any snapshot."""
    public = Rating.objects.filter(snapshot__leaderboard__arena__temporary=False)
    rated = public.filter(competitor=OuterRef("pk"), votes__gt=0)
    return dict(Competitor.objects.filter(Exists(rated)).values_list("pk", "name"))


def find_made(competitors: Iterable[int]) -> frozenset[tuple[int, str]]:
    """Each of the competitors with the categories of which it has made a candidate.

    A sample of the prompts shows almost all. Only of those competitors for which it leaves some
    category of their suites open, every candidate is looked at.
    """
    suites = find_suites(competitors)
    kinds = list_kinds({suite for entered in suites.values() for suite in entered})
    # Not by competitor, too: the index would be searched for each prompt with each competitor.
    found = list_made(prompt__in=[prompt for kind in kinds for prompt in kind.sample])
    unsure = {
        competitor
        for competitor, entered in suites.items()
        for kind in kinds
        if kind.suite in entered and (competitor, kind.category) not in found
    }
    rest = list_made(competitor__in=unsure) if unsure else frozenset()
    return frozenset(pair for pair in found | rest if pair[0] in suites)


def find_suites(competitors: Iterable[int]) -> dict[int, set[int]]:
    """By competitor, the suites of all arenas that it ever entered."""
    entries = Entry.objects.filter(competitor__in=competitors, arena__suite_version__isnull=False)
    suites: dict[int, set[int]] = defaultdict(set)
    for competitor, suite in entries.values_list("competitor", "arena__suite_version__suite"):
        suites[competitor].add(suite)
    return suites


def list_kinds(suites: Iterable[int]) -> list[Kind]:
    few = Func(
        ArrayAgg("pk"),
        template=f"(%(expressions)s)[1:{SAMPLE}]",
        output_field=ArrayField(BigIntegerField()),
    )
    rows = Prompt.objects.filter(suite__in=suites).values_list("suite", "category")
    return [Kind(*row) for row in rows.annotate(sample=few)]


def list_made(**narrower: Iterable[int]) -> frozenset[tuple[int, str]]:
    done = Candidate.objects.filter(status=Candidate.Status.DONE, **narrower).order_by()
    return frozenset(done.values_list("competitor_id", "prompt__category").distinct())
