"""How long boards of a million votes take: folding, snapshots, the page, the analyses.

`make bench-leaderboard` runs it in a private database that is thrown away. The votes are
written in bulk, as if raters had cast them on ballots and the sealer had numbered them.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site()  # before anything that holds models

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from arenas.candidates.models import Candidate  # noqa: E402
from arenas.competitors.models import Competitor  # noqa: E402
from arenas.definitions.models import Arena, Entry, Outcome, Question  # noqa: E402
from arenas.images.models import RenditionProfile  # noqa: E402
from arenas.ledger.models import Block  # noqa: E402
from arenas.ledger.seal import seal  # noqa: E402
from arenas.raters.models import Rater  # noqa: E402
from arenas.suites.models import Prompt, PromptSuite, SuiteEntry, SuiteVersion  # noqa: E402
from arenas.votes.count import fold_counts  # noqa: E402
from arenas.votes.flag import lift_flag, raise_flag  # noqa: E402
from metrics.leaderboards import build  # noqa: E402
from metrics.leaderboards.analyse import run_analysis  # noqa: E402
from metrics.leaderboards.build import build_snapshot, find_leaderboard  # noqa: E402
from metrics.leaderboards.read import read_votes_of  # noqa: E402
from metrics.leaderboards.refresh import complete_boards  # noqa: E402

Result = TypeVar("Result")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CATEGORIES = ("portrait", "poster", "scene", "edit")

BATTLES = """
    INSERT INTO arenas_battle (arena_id, prompt_id, first_id, second_id, created_at)
    SELECT %(arena)s, one.prompt_id, one.id, other.id, %(now)s
    FROM arenas_candidate one JOIN arenas_candidate other
      ON other.prompt_id = one.prompt_id AND other.id > one.id
    WHERE one.prompt_id = ANY(%(prompts)s)
"""
# Half of the ballots by an adaptive arm, which makes some pairs likelier than others.
BALLOTS = """
    WITH range AS (
        SELECT min(id) AS low, count(*) AS n FROM arenas_battle WHERE arena_id = %(arena)s
    )
    INSERT INTO arenas_ballot
        (arena_id, battle_id, rater_id, nonce, token_hash, slots, candidates, questions_answered,
         undone, skipped, kind, policy, arm, probability, uniform_probability, served_at,
         expires_at, answered_at)
    SELECT %(arena)s, battle.id, %(rater)s + floor(random() * %(raters)s)::bigint,
           gen_random_uuid(), %(rater)s || ' ' || i,
           CASE WHEN left_first THEN '{0,1}' ELSE '{1,0}' END::smallint[],
           CASE WHEN left_first THEN ARRAY[first_id, second_id] ELSE ARRAY[second_id, first_id] END,
           ARRAY[%(question)s]::bigint[], 0, '', 'normal', 'adjacent-1',
           CASE WHEN random() < 0.5 THEN 'random' ELSE 'adaptive' END,
           (0.5 + random()) / n, 1.0 / n, %(now)s, %(now)s, %(now)s
    FROM range, LATERAL (
        SELECT i, low + floor(random() * n)::bigint AS drawn, random() < 0.5 AS left_first
        FROM generate_series(1, %(votes)s) AS i
    ) AS draws JOIN arenas_battle battle ON battle.id = drawn
"""
# Strengths lie up to 170 points from the mean; a vote in five is a tie.
VOTES = """
    INSERT INTO arenas_vote
        (arena_id, question_id, ballot_id, revision, rater_id, rater_kind, prompt_id,
         competitor_a_id, competitor_b_id, candidate_a_id, candidate_b_id, winner, source, tools,
         retracted, reasons, spots, comment_hash, form, digest, created_at, seq)
    SELECT %(arena)s, %(question)s, ballot.id, 0, ballot.rater_id, 'person', battle.prompt_id,
           one.competitor_id, other.competitor_id, one.id, other.id,
           CASE WHEN random() < 0.2 THEN 'tie'
                WHEN random() < 1 / (1 + exp((other.competitor_id %% 25 - one.competitor_id %% 25)
                                             / 12.0)) THEN 'model_a' ELSE 'model_b' END,
           'site', '[]', false, '[]', '[]', '', 2, sha256(ballot.id::text::bytea),
           %(now)s::timestamptz + ballot.id * interval '1 second', %(after)s + row_number() OVER ()
    FROM arenas_ballot ballot JOIN arenas_battle battle ON battle.id = ballot.battle_id
    JOIN arenas_candidate one
      ON one.id = CASE WHEN ballot.slots[1] = 0 THEN battle.first_id ELSE battle.second_id END
    JOIN arenas_candidate other
      ON other.id = CASE WHEN ballot.slots[1] = 0 THEN battle.second_id ELSE battle.first_id END
    WHERE ballot.arena_id = %(arena)s
      AND NOT EXISTS (SELECT FROM arenas_vote old WHERE old.ballot_id = ballot.id)
"""


def make_arena(models: int, prompts: int) -> Arena:
    """An arena with as many competitors and prompts, and a done candidate of each on each."""
    suite = PromptSuite.objects.create(name="large")
    version = SuiteVersion.objects.create(suite=suite, number=1)
    asked = Prompt.objects.bulk_create(
        Prompt(
            suite=suite, key=f"p{n}", content_hash=f"{n}", turns=["Draw."],
            category=CATEGORIES[n % len(CATEGORIES)],
        )
        for n in range(prompts)
    )  # fmt: skip
    SuiteEntry.objects.bulk_create(
        SuiteEntry(version=version, prompt=prompt, position=n) for n, prompt in enumerate(asked)
    )
    profile = RenditionProfile.objects.create(width=64, height=64, size=8192)
    arena = Arena.objects.create(
        slug="large", title="Large", suite_version=version, outcomes=list(Outcome.values),
        board_raters=["external", "person"], profile=profile,
    )  # fmt: skip
    Question.objects.create(arena=arena, key="better", text="Which is better?")
    competitors = Competitor.objects.bulk_create(
        Competitor(name=f"model {n}") for n in range(models)
    )
    Entry.objects.bulk_create(Entry(arena=arena, competitor=c, joined_at=NOW) for c in competitors)
    Candidate.objects.bulk_create(
        Candidate(prompt=prompt, competitor=competitor, status=Candidate.Status.DONE)
        for prompt in asked
        for competitor in competitors
    )
    fill(BATTLES, arena=arena.pk, prompts=[prompt.pk for prompt in asked], now=NOW)
    return arena


def add_votes(arena: Arena, votes: int, raters: int) -> list[Rater]:
    """Ballots with a vote on each, sealed in one block; return who cast them."""
    people = Rater.objects.bulk_create(Rater() for _ in range(raters))
    place = {"arena": arena.pk, "question": arena.questions.get().pk, "now": NOW}
    fill(BALLOTS, rater=people[0].pk, raters=raters, votes=votes, **place)
    last = Block.objects.last()
    after = last.last_seq if last else 0
    fill(VOTES, after=after, **place)
    Block.objects.create(
        first_seq=after + 1,
        last_seq=after + votes,
        sealed_at=NOW,
        root=b"",
        previous=b"",
        digest=b"",
    )
    return people


def fill(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        # Foreign keys hold by construction; checking them would take most of the time.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = DEFAULT")


def clock(what: str, work: Callable[[], Result], *, limit: float | None = None) -> Result:
    """Do it, and say how many seconds it took and how many of them were this process's CPU."""
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    target = f"(target {limit:g})" if limit else ""
    print(f"{what:<66} {wall:8.3f} s  {cpu:8.3f} s CPU here  {target}", flush=True)
    return result


def measure_counts(arena: Arena, votes: int) -> None:
    """Folding new votes, and a flag on a rater with as many."""
    clock(f"fold {votes:,} votes, all anew", fold_counts)
    fill("ANALYZE")
    (rater,) = add_votes(arena, 10_000, 1)
    clock("fold 10,000 new votes of one rater", fold_counts, limit=1)
    flag = raise_flag(rater, rule="manual", reason="", by="benchmark", now=NOW)
    seal(NOW)
    clock("fold a flag on that rater", fold_counts, limit=1)
    lift_flag(flag, reason="", by="benchmark", now=NOW)
    seal(NOW)
    clock("fold the lift of that flag", fold_counts, limit=1)


def measure_boards(arena: Arena) -> None:
    question = arena.questions.get()
    fixed = find_leaderboard(arena, question, prompts="fixed")
    board = find_leaderboard(arena, question)
    for attempt in ("first", "again"):
        clock(f"snapshot from counts, sandwich ({attempt})", lambda: build_snapshot(fixed), limit=1)
        snapshot = clock(
            f"snapshot from counts, clustered by prompt ({attempt})", lambda: build_snapshot(board)
        )
    clock("both again in the background, clustered in full", complete_boards, limit=20)
    columns = ("vote", "seq", *build.VOTES_CLUSTERED, "ballot", "random")
    clock("read all votes with ten columns", lambda: read_votes_of(snapshot, *columns), limit=5)
    for name in ("history", "random_arm"):
        clock(f"analysis {name}", partial(run_analysis, name, snapshot))


def measure_page(arena: Arena) -> None:
    """The page as a visitor gets it: database and compute; and what the database took of it."""
    client, address = Client(SERVER_NAME="127.0.0.1"), f"/arenas/{arena.slug}/leaderboard/"
    if client.get(address).status_code != 200:
        sys.exit("the leaderboard page does not answer")
    best = 1e9
    for _ in range(5):
        with CaptureQueriesContext(connection) as queries:
            start = time.perf_counter()
            client.get(address)
            best = min(best, time.perf_counter() - start)
    database = sum(float(query["time"]) for query in queries)
    print(f"leaderboard page, best of 5: {1000 * best:.0f} ms (target 50), ", end="")
    print(f"of which {1000 * database:.0f} ms in {len(queries)} queries")


def run(votes: int, models: int, prompts: int, raters: int) -> None:
    arena = clock("make the arena", lambda: make_arena(models, prompts))
    clock(f"write {votes:,} votes", lambda: add_votes(arena, votes, raters))
    measure_counts(arena, votes)
    measure_boards(arena)
    measure_page(arena)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--raters", type=int, default=10_000)
    run(**vars(parser.parse_args()))
