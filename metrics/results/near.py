"""Near-duplicates: samples of one competitor for one prompt with fingerprints alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.checks import technical
from metrics.checks._technical.fingerprint import NEAR, measure_hamming
from metrics.results.models import CheckResult


@dataclass(frozen=True, slots=True)
class Printed:
    """A candidate with its images' fingerprints."""

    candidate: Candidate
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Of a competitor's candidates that have a sibling sample, how many look like an earlier."""

    repeated: int
    candidates: int


def find_near(candidates: Iterable[Candidate]) -> dict[int, list[Candidate]]:
    """By candidate, its siblings (same prompt and competitor) of which any image looks alike."""
    near: dict[int, list[Candidate]] = {}
    for group in group_siblings(read_printed(candidates)):
        for one, other in combinations(group, 2):
            if look_alike(one, other):
                near.setdefault(one.candidate.pk, []).append(other.candidate)
                near.setdefault(other.candidate.pk, []).append(one.candidate)
    return near


def count_repeats(arena: Arena) -> dict[int, Repeats]:
    """By competitor; those without a second sample of any prompt are not in it."""
    counts: dict[int, list[int]] = {}
    rows = select_candidates(arena).filter(status=Candidate.Status.DONE)
    for group in group_siblings(read_printed(rows)):
        repeated = sum(
            any(look_alike(earlier, later) for earlier in group[:place])
            for place, later in enumerate(group)
        )
        count = counts.setdefault(group[0].candidate.competitor_id, [0, 0])
        count[0] += repeated
        count[1] += len(group)
    return {competitor: Repeats(*count) for competitor, count in counts.items()}


def read_printed(candidates: Iterable[Candidate]) -> list[Printed]:
    rows = {candidate.pk: candidate for candidate in candidates}
    found: Mapping[int, list[str]] = dict(
        CheckResult.objects.filter(
            candidate__in=rows, check_name="technical", version=technical.Check.version
        ).values_list("candidate_id", "fingerprints")
    )
    return [Printed(row, tuple(found[pk])) for pk, row in rows.items() if found.get(pk)]


def group_siblings(printed: Iterable[Printed]) -> list[list[Printed]]:
    """Two or more candidates of the same prompt and competitor, in the order of samples."""
    groups: dict[tuple[int, int], list[Printed]] = {}
    for each in sorted(printed, key=lambda each: each.candidate.sample):
        key = each.candidate.prompt_id, each.candidate.competitor_id
        groups.setdefault(key, []).append(each)
    return [group for group in groups.values() if len(group) > 1]


def look_alike(one: Printed, other: Printed) -> bool:
    return any(measure_hamming(a, b) <= NEAR for a in one.fingerprints for b in other.fingerprints)
