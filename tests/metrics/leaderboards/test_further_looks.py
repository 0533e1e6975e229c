"""The analyses that stand beside a board, each on votes whose answer is known."""

import random

import pytest
from django.db.models import prefetch_related_objects
from django.test import Client

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.votes.count import recount, seal_and_fold
from arenas.votes.models import Vote
from metrics.checks import technical
from metrics.leaderboards.analyse import analyse_missing, run_analysis
from metrics.leaderboards.analyses.judge import one_answer_each, orient
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.read import read_votes
from metrics.results.models import CheckResult
from tests.factories import NOW, add_votes, make_world
from tests.pages import text

PEOPLE, JUDGE = RaterKind.PERSON, RaterKind.JUDGE
STRENGTH = {"ant": 0.8, "bee": 0.5, "cat": 0.2}


@pytest.fixture
def arena(db: None, tmp_path: object) -> Arena:
    made = make_world(tmp_path, 24)  # type: ignore[arg-type]
    prefetch_related_objects([made], "questions")  # each vote names its question
    return made


def simulate(
    arena: Arena, number: int, *, raters: int = 12, seed: int = 1, lean: float = 0
) -> None:
    """People's votes on pictures: the stronger wins more, and the first side by `lean` more."""
    rng = random.Random(seed)
    people = [Rater.objects.create(kind=PEOPLE) for _ in range(raters)]
    pictures = group_pictures(arena)
    write(arena, [vote(arena, rng.choice(people), pictures, rng, lean) for _ in range(number)])


def group_pictures(arena: Arena) -> list[list[Candidate]]:
    """The candidates of each prompt, read once for all votes."""
    found = Candidate.objects.select_related("prompt", "competitor").order_by("pk")
    return [list(found.filter(prompt=prompt)) for prompt in arena.prompts()]


def vote(
    arena: Arena, rater: Rater, pictures: list[list[Candidate]], rng: random.Random, lean: float
) -> Vote:
    a, b = rng.sample(rng.choice(pictures), 2)
    gap = STRENGTH[a.competitor.name] - STRENGTH[b.competitor.name]
    winner = "model_a" if rng.random() < 0.5 + gap / 2 + lean else "model_b"
    return make_vote(arena, rater, a, b, winner if rng.random() < 0.85 else "both_bad")


def make_vote(arena: Arena, rater: Rater, a: Candidate, b: Candidate, winner: str) -> Vote:
    return Vote(
        arena=arena, question=arena.questions.all()[0], rater=rater, rater_kind=rater.kind,
        prompt=a.prompt, competitor_a=a.competitor, competitor_b=b.competitor, candidate_a=a,
        candidate_b=b, winner=winner, created_at=NOW,
        source=Vote.Source.JUDGE if rater.kind == JUDGE else Vote.Source.SIMULATED,
    )  # fmt: skip


def write(arena: Arena, votes: list[Vote]) -> None:
    append_all(votes)
    seal_and_fold(NOW)


def build(arena: Arena) -> Snapshot:
    return build_snapshot(find_leaderboard(arena, arena.questions.get()))


def pk_of(name: str) -> int:
    return Competitor.objects.get(name=name).pk


def test_the_side_shown_first_is_measured(arena: Arena) -> None:
    simulate(arena, 400, lean=0.15)
    found = run_analysis("position", build(arena))
    assert found["share"]["lower"] > 0.5
    assert found["bradley_terry"]["lower"] > 0


def test_usable_rates_are_those_of_competitors(arena: Arena) -> None:
    simulate(arena, 300)
    rows = run_analysis("usable", build(arena))["rows"]
    assert {row["competitor"] for row in rows} == {pk_of(name) for name in STRENGTH}
    assert all(0.4 < row["usable"]["value"] < 1 for row in rows)


def test_where_both_unusable_is_no_answer_there_is_no_usable_rate(arena: Arena) -> None:
    arena.outcomes = ["model_a", "tie", "model_b"]
    arena.save()
    add_votes(arena, [("ant", "bee", "model_a")] * 20)
    seal_and_fold(NOW)
    assert run_analysis("usable", build(arena)) == {"rows": []}


def test_the_fit_foretells_better_than_a_coin(arena: Arena) -> None:
    simulate(arena, 600)
    found = run_analysis("fit", build(arena))
    assert found["held_out"]["left_out"] == "prompt"
    assert found["held_out"]["log_loss"] < 0.6931


def test_removing_the_named_votes_changes_the_first_place(arena: Arena) -> None:
    simulate(arena, 200)
    snapshot = build(arena)
    first = run_analysis("stability", snapshot)["first"]
    assert first["removed"] == len(first["seqs"])
    leader = snapshot.ratings.first().competitor_id
    assert first["upper"] == leader
    # Really without them: the ledger's rows are taken out of the table.
    Vote.objects.filter(seq__in=first["seqs"]).delete()
    recount()
    assert build(arena).ratings.first().competitor_id == first["lower"]


def test_prompts_and_raters_left_out_are_named_by_their_keys(arena: Arena) -> None:
    simulate(arena, 200)
    left_out = run_analysis("stability", build(arena))["left_out"]
    assert left_out["prompt"]["clusters"] == 24
    assert left_out["prompt"]["largest"]["name"] in set(
        arena.prompts().values_list("key", flat=True)
    )
    assert Rater.objects.filter(key=left_out["rater"]["largest"]["name"]).exists()


def test_a_rater_who_votes_against_the_rest_is_found(arena: Arena) -> None:
    simulate(arena, 300)
    contrary = Rater.objects.create(kind=PEOPLE)
    pairs = [
        list(Candidate.objects.filter(prompt=p).order_by("competitor__name"))
        for p in arena.prompts()
    ]
    write(arena, [make_vote(arena, contrary, a, c, "model_b") for a, _, c in pairs])
    found = run_analysis("agreement", build(arena))
    lowest = found["reliability"]["raters"][0]
    assert lowest["rater"] == str(contrary.key)
    assert (found["reliability"]["adverse"], lowest["upper"] < 0.5) == (1, True)


def test_raters_who_agree_on_pictures_have_a_high_alpha(arena: Arena) -> None:
    pictures = [
        list(Candidate.objects.filter(prompt=p).order_by("competitor__name"))
        for p in arena.prompts()
    ]
    raters = [Rater.objects.create(kind=PEOPLE) for _ in range(3)]
    votes = [
        # Each sees the sides the other way round than the one before.
        make_vote(
            arena,
            rater,
            *((a, b) if n % 2 else (b, a)),
            "model_a" if n % 2 == (m % 2) else "model_b",
        )
        for m, (a, b, _) in enumerate(pictures)
        for n, rater in enumerate(raters)
    ]
    write(arena, votes)
    assert run_analysis("agreement", build(arena))["alpha"]["alpha"] == pytest.approx(1)


def measure(arena: Arena, sharpness: dict[str, float]) -> None:
    rng = random.Random(2)
    for candidate in Candidate.objects.filter(prompt__in=arena.prompts()):
        values = {name: rng.random() for name in ("megapixels", "aspect", "brightness", "contrast",
                  "colourfulness", "noise", "text_amount", "images")}  # fmt: skip
        values["sharpness"] = sharpness.get(candidate.competitor.name, 0) + rng.random()
        CheckResult.objects.create(
            candidate=candidate, check_name="technical", version=technical.Check.version,
            values=values, seconds=0,
        )  # fmt: skip


def test_ratings_stand_with_and_without_style(arena: Arena) -> None:
    simulate(arena, 400)
    measure(arena, {})
    found = run_analysis("style", build(arena))
    assert {row["competitor"] for row in found["rows"]} == {pk_of(name) for name in STRENGTH}
    assert all(
        row["styled_lower"] < row["styled_rating"] < row["styled_upper"] for row in found["rows"]
    )
    assert {"sharpness", "position"} <= {each["name"] for each in found["coefficients"]}


def test_latency_that_nobody_saw_is_no_covariate(arena: Arena) -> None:
    simulate(arena, 400)
    measure(arena, {})
    found = run_analysis("style", build(arena))
    names = {each["name"] for each in [*found["coefficients"], *found["dropped"]]}
    assert "latency" not in names


def test_without_measured_pictures_there_is_no_style_control(arena: Arena) -> None:
    simulate(arena, 100)
    assert run_analysis("style", build(arena)) == {"rows": [], "votes": 0, "unknown": 100}


def test_a_judge_that_follows_people_makes_ratings_more_precise(arena: Arena) -> None:
    simulate(arena, 500)
    rng = random.Random(3)
    judge = Rater.objects.create(kind=JUDGE)
    seen = {}
    for each in Vote.objects.order_by("pk"):
        assert each.candidate_a is not None
        assert each.candidate_b is not None
        pair = tuple(sorted([each.candidate_a.pk, each.candidate_b.pk]))
        if pair not in seen:
            seen[pair] = make_vote(arena, judge, each.candidate_a, each.candidate_b, each.winner)
    pictures = [list(Candidate.objects.filter(prompt=p).order_by("pk")) for p in arena.prompts()]
    alone = [(a, b) for group in pictures for a, b in [rng.sample(group, 2)]
             if tuple(sorted([a.pk, b.pk])) not in seen]  # fmt: skip
    before = build(arena).votes
    write(arena, [*seen.values(), *(make_vote(arena, judge, a, b, "tie") for a, b in alone)])
    snapshot = build(arena)
    found = run_analysis("judge", snapshot)
    assert snapshot.votes == before == 500
    assert (found["judged_alone"], found["correlation"] > 0.2) == (len(alone), True)
    assert {row["competitor"] for row in found["rows"]} == {pk_of(name) for name in STRENGTH}


def test_a_judge_that_changes_its_mind_with_the_sides_is_undecided(arena: Arena) -> None:
    simulate(arena, 100)
    judge = Rater.objects.create(kind=JUDGE)
    a, b = Candidate.objects.filter(prompt=arena.prompts()[0])[:2]
    write(
        arena, [make_vote(arena, judge, a, b, "model_a"), make_vote(arena, judge, b, a, "model_a")]
    )
    board = Leaderboard(
        arena=arena, question=arena.questions.get(), rater_kinds=["judge"], params={}
    )
    columns = ("a", "b", "outcome", "prompt", "candidate_a", "candidate_b")
    answers = one_answer_each(orient(read_votes(board, Vote.objects.count() + 99, *columns)))
    assert answers["judge"].to_list() == [2]


def test_without_a_judge_nothing_is_assisted(arena: Arena) -> None:
    simulate(arena, 50)
    assert run_analysis("judge", build(arena)) == {"rows": []}


def test_the_page_shows_every_panel(arena: Arena, client: Client) -> None:
    simulate(arena, 500)
    measure(arena, {"ant": 1.0})
    arena.board_raters = ["person"]
    arena.save()
    build(arena)
    analyse_missing()
    page = text(client.get("/arenas/small/leaderboard/"))
    for heading in ("Ratings", "Pairs", "Over the votes", "read in other ways",
                    "What goes with being preferred", "How far to trust the order",
                    "Which pairs are shown", "How these numbers came about"):  # fmt: skip
        assert f"{heading}</h2>" in page, heading


def test_intervals_of_one_moment_say_so_beside_the_bands(arena: Arena, client: Client) -> None:
    simulate(arena, 500)
    measure(arena, {})
    build(arena)
    analyse_missing()
    page = text(client.get("/arenas/small/leaderboard/"))
    for words in ("Each ± is the 95&#8239;% interval of this moment; the bands of the ratings",
                  "within these votes, with its 95&#8239;% interval of this moment",
                  "“both unusable”, with the 95&#8239;% interval of this moment",
                  ", interval of this moment), worth"):  # fmt: skip
        assert words in page, words


def test_the_panels_come_as_data_without_single_raters(arena: Arena, client: Client) -> None:
    simulate(arena, 200)
    build(arena)
    analyse_missing()
    data = client.get("/api/v1/arenas/small/analyses").json()
    assert {"fit", "history", "position", "stability", "usable"} <= {each["name"] for each in data}
    keys = [str(key) for key in Rater.objects.values_list("key", flat=True)]
    assert not any(key in str(data) for key in keys)


def test_single_raters_are_for_staff(arena: Arena, client: Client, staff_client: Client) -> None:
    simulate(arena, 200)
    arena.board_raters = ["person"]
    arena.save()
    build(arena)
    analyse_missing()
    address = "/arenas/small/leaderboard/"
    key = str(Rater.objects.first().key)
    assert f"?rater={key}" in text(staff_client.get(address))
    assert key not in text(client.get(address))


def test_tables_of_pairs_come_as_data(arena: Arena, client: Client) -> None:
    simulate(arena, 200)
    build(arena)
    data = {
        each["name"]: each["data"] for each in client.get("/api/v1/arenas/small/analyses").json()
    }
    assert len(data["win_rates"]["rate"]) == len(data["gaps"]["points"]) == 3
