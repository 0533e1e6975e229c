"""Hold two ballots for every rater: the one on screen and the one fetched ahead."""

import base64
import hashlib
import hmac
import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from arenas.battles.choose import Draw, Pair, battling_candidates, choose, load_pool
from arenas.battles.models import Ballot, Battle
from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from arenas.images.models import Rendition
from arenas.raters.models import Rater

HELD = 2
LIFETIME = timedelta(hours=1)


def derive_token(nonce: uuid.UUID) -> str:
    """The ballot's token: nobody can make one without the site's key, not even from the table."""
    key = settings.SECRET_KEY.encode()
    digest = hmac.new(key, b"ballot:" + nonce.bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def hold_ballots(arena: Arena, rater: Rater, *, now: datetime, rng: random.Random) -> list[Ballot]:
    """The rater's open ballots, the current one first, topped up to two while any are left."""
    # The lock makes one rater's tabs wait for each other, and nobody else.
    Rater.objects.select_for_update().get(pk=rater.pk)
    held = list(open_ballots(arena, rater, now))
    missing = HELD - len(held)
    if arena.votes_per_rater is not None:
        missing = min(missing, arena.votes_per_rater - count_answered(arena, rater) - len(held))
    if missing > 0:
        held += draw_ballots(arena, rater, missing, now=now, rng=rng)
    return held[:HELD]


def open_ballots(arena: Arena, rater: Rater, now: datetime) -> QuerySet[Ballot]:
    """Those that can be answered now. Ones whose candidates left the arena are passed over."""
    meeting = battling_candidates(arena).values("pk")
    members = ("battle__first", "battle__second", "battle__third", "battle__fourth")
    return (
        Ballot.objects.filter(arena=arena, rater=rater, answered_at=None, expires_at__gt=now)
        .filter(battle__first__in=meeting, battle__second__in=meeting)
        .select_related("battle__prompt", *members)
        .order_by("pk")
    )


def count_answered(arena: Arena, rater: Rater) -> int:
    return Ballot.objects.filter(arena=arena, rater=rater, answered_at__isnull=False).count()


def draw_ballots(
    arena: Arena, rater: Rater, number: int, *, now: datetime, rng: random.Random
) -> list[Ballot]:
    pool = load_pool(arena)
    seen = find_seen(arena, rater, now)
    draws: list[Draw] = []
    while len(draws) < number and (draw := choose(pool, seen, rng)):
        draws.append(draw)
        seen.add((draw.prompt, draw.pair))
    # Two raters who draw the same new battles must make them in the same order: each waits for
    # the other's otherwise.
    battles = {draw.candidates: find_battle(arena, draw) for draw in sorted(draws, key=by_battle)}
    return [
        create_ballot(arena, rater, battles[draw.candidates], draw, now=now, rng=rng)
        for draw in draws
    ]


def by_battle(draw: Draw) -> tuple[int, int]:
    return draw.candidates


def find_battle(arena: Arena, draw: Draw) -> Battle:
    """The drawn battle, made when it is new."""
    battle, _ = Battle.objects.select_related("prompt", "first", "second").get_or_create(
        arena=arena,
        prompt_id=draw.prompt,
        first_id=draw.candidates[0],
        second_id=draw.candidates[1],
        third=None,
        fourth=None,
    )
    return battle


def find_seen(arena: Arena, rater: Rater, now: datetime) -> set[tuple[int, Pair]]:
    """What the rater has answered, or holds open now. What expired may be shown again."""
    ballots = Ballot.objects.filter(arena=arena, rater=rater)
    ballots = ballots.exclude(answered_at=None, expires_at__lte=now)
    rows = ballots.values_list(
        "battle__prompt_id", "battle__first__competitor_id", "battle__second__competitor_id"
    )
    return {(prompt, (min(a, b), max(a, b))) for prompt, a, b in rows}


def create_ballot(
    arena: Arena, rater: Rater, battle: Battle, draw: Draw, *, now: datetime, rng: random.Random
) -> Ballot:
    """A ballot for the drawn battle, with its sides drawn at random."""
    slots = [0, 1]
    rng.shuffle(slots)
    nonce = uuid.UUID(bytes=rng.randbytes(16))
    return Ballot.objects.create(
        arena=arena,
        battle=battle,
        rater=rater,
        nonce=nonce,
        token_hash=hash_token(derive_token(nonce)),
        slots=slots,
        policy=draw.policy,
        arm=draw.arm,
        probability=draw.probability,
        uniform_probability=draw.uniform_probability,
        served_at=now,
        expires_at=now + LIFETIME,
    )


def find_parts(ballots: Sequence[Ballot], arena: Arena) -> dict[int, list[Part]]:
    """The parts to be shown, by candidate, each image part with its rendition as `shown`."""
    candidates = [candidate.pk for ballot in ballots for candidate in ballot.shown]
    parts = list(
        Part.objects.filter(candidate__in=candidates, thought=False).order_by("turn", "position")
    )
    images = [part.image_id for part in parts if part.image_id]
    renditions = {
        rendition.image_id: rendition
        for rendition in Rendition.objects.filter(profile=arena.profile_id, image__in=images)
    }
    by_candidate: dict[int, list[Part]] = {}
    for part in parts:
        part.shown = renditions.get(part.image_id) if part.image_id else None  # type: ignore[attr-defined]
        by_candidate.setdefault(part.candidate_id, []).append(part)
    return by_candidate


def sides(ballot: Ballot) -> tuple[Candidate, Candidate]:
    """The candidates of a pair as shown: left, right."""
    left, right = ballot.shown
    return left, right
