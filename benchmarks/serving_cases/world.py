"""The arena that is served: its pictures, its past votes, and what its tables say afterwards."""

import io
from collections.abc import Iterable

import numpy as np
from django.db import connection
from django.db.models import Count
from PIL import Image as Pillow

from arenas.battles.models import Ballot
from arenas.battles.tokens import hash_token
from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from arenas.images.models import RenditionProfile
from arenas.images.render import render
from arenas.images.store import store_image
from arenas.votes.models import Vote
from benchmarks.leaderboard import add_votes, make_arena

RATERS = 10_000
Answered = tuple[str, str]  # a ballot's token, and the winner that the site took for it


def make_world(models: int, prompts: int, *, large: bool = False) -> Arena:
    """An open arena with a picture for each candidate: a tiny one for each model, or large ones.

    Large pictures are 1024 pixels a side, in 256 kB, and no two are alike.
    """
    arena = make_arena(models, prompts)
    if large:
        size = {"width": 1024, "height": 1024, "size": 256 * 1024}
        arena.profile = RenditionProfile.objects.create(**size)
        arena.save()
    candidates = list(Candidate.objects.filter(competitor__entries__arena=arena))
    seeds = {c.pk: c.pk if large else c.competitor_id for c in candidates}
    side = 1024 if large else 64
    images = {seed: store_image(draw_picture(seed, side)) for seed in set(seeds.values())}
    for image in images.values():
        render(image, arena.profile)
    parts = [Part(candidate=c, position=0, image=images[seeds[c.pk]]) for c in candidates]
    Part.objects.bulk_create(parts)
    return arena


def draw_picture(seed: int, side: int) -> bytes:
    """Soft clouds of colour: as large as a photograph when encoded."""
    rough = np.random.default_rng(seed).integers(0, 256, (side // 16, side // 16, 3), np.uint8)
    buffer = io.BytesIO()
    Pillow.fromarray(rough).resize((side, side), Pillow.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def fill_votes(arena: Arena, votes: int) -> None:
    """Past votes up to so many, with their ballots; the planner and the disk are ready for them."""
    missing = votes - Vote.objects.filter(arena=arena).count()
    if missing > 0:
        add_votes(arena, missing, max(1, min(RATERS, missing // 100)))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def count_votes(arena: Arena) -> int:
    return Vote.objects.filter(arena=arena).count()


def find_lost(answered: Iterable[Answered]) -> int:
    """How many answers that the site took are not in the table, or are there as another."""
    wanted = {hash_token(token): winner for token, winner in answered}
    rows = Vote.objects.filter(ballot__token_hash__in=list(wanted), revised_by=None)
    stored = dict(rows.values_list("ballot__token_hash", "winner"))
    return sum(stored.get(name) != winner for name, winner in wanted.items())


def count_doubled(arena: Arena) -> int:
    """How many ballots have more than one vote that stands on a question."""
    votes = Vote.objects.filter(arena=arena, ballot__isnull=False, revised_by=None)
    return votes.values("ballot", "question").annotate(n=Count("pk")).filter(n__gt=1).count()


def expire_ballots(tokens: Iterable[str]) -> None:
    """As if the ballots had been served long ago."""
    hashes = [hash_token(token) for token in tokens]
    ballots = Ballot.objects.filter(token_hash__in=hashes)
    for ballot in ballots:
        ballot.expires_at = ballot.served_at
    Ballot.objects.bulk_update(ballots, ["expires_at"])
