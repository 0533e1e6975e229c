"""Play raters through the real vote page, and keep all that their browsers get."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from arenas.battles.models import Ballot
from arenas.battles.tokens import hash_token
from arenas.blindness.observe import Answer, Features, Side, describe_side
from arenas.blindness.read_page import Page, read_page
from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from arenas.raters.admit import create_invitation
from arenas.raters.models import Participation

# Ballots of one rater. Each rater is a transaction, and others may wait for it: it must be short.
SESSION = 25
SENT = ("token", "question")
PAGES = 8  # for each ballot at most: a ballot may ask several questions, and some are practice


class NothingShown(Exception):
    """The vote page shows an audit no pair; the message says what it shows."""


@dataclass(frozen=True, slots=True)
class Showing:
    """One candidate on one ballot: whose it is, and what the browser got, by channel."""

    ballot: str
    prompt: int
    competitor: int
    candidate: int
    slot: int
    channels: Mapping[str, Features]


class Browser:
    """A rater's browser, in this process, through all of the site's middleware."""

    def __init__(self) -> None:
        self.secure = urlsplit(settings.SITE_URL).scheme == "https"
        # The one host that is always allowed; in production the site may not know its own.
        self.client = Client(SERVER_NAME="127.0.0.1")

    def forget(self) -> None:
        self.client.cookies.clear()

    def get(self, url: str) -> Answer:
        start = time.perf_counter()
        return keep(self.client.get(url, secure=self.secure), start)

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        start = time.perf_counter()
        return keep(self.client.post(url, dict(fields), secure=self.secure), start)


def keep(response: HttpResponseBase, start: float) -> Answer:
    body = b"".join(response)
    return Answer(
        list(response.headers.items()),
        [morsel.OutputString() for morsel in response.cookies.values()],
        body,
        time.perf_counter() - start,
    )


def play(arena: Arena, serves: int, *, rng: random.Random) -> list[Showing]:
    """All showings on so many ballots. Raises NothingShown. No row is left behind."""
    browser, showings, left = Browser(), [], serves
    while left > 0:
        played = play_rater(arena, browser, min(left, SESSION), rng=rng)
        showings += played
        left -= len({showing.ballot for showing in played})
    return showings


def play_rater(arena: Arena, browser: Browser, serves: int, *, rng: random.Random) -> list[Showing]:
    """What one new rater is shown, until nothing more is; then rolled back."""
    with transaction.atomic():
        browser.forget()
        browser.post(reverse("join", args=[create_invitation(arena)]), {})
        # What an arena says before the first pair names nobody; the audit is of what comes after.
        newest = Participation.objects.filter(arena=arena).order_by("-pk").values("pk")[:1]
        Participation.objects.filter(pk__in=newest).update(
            state=Participation.State.VOTING, consented_at=timezone.now()
        )
        showings = [each for shown in rate(arena, browser, serves, rng=rng) for each in shown]
        transaction.set_rollback(True)
    if not showings:
        raise NothingShown(f"the vote page of {arena.slug} shows no pair to a new rater")
    return showings


def rate(
    arena: Arena, browser: Browser, serves: int, *, rng: random.Random
) -> Iterator[list[Showing]]:
    """Answer page after page, whatever is asked, and yield what each new ballot showed."""
    url, shown = reverse("vote", args=[arena.slug]), 0
    ahead: list[str] = []
    seen: set[str] = set()
    answer = browser.get(url)
    for _ in range(PAGES * serves):
        page = read_page(answer.body.decode())
        if not page.token:
            return
        if page.token not in seen:
            seen.add(page.token)
            if showings := see_ballot(arena, browser, page, answer, ahead):
                yield showings
                shown += 1
        if shown == serves:
            return
        ahead = page.ahead
        sent = {name: page.fields[name] for name in SENT if name in page.fields}
        answer = browser.post(url, {**sent, **press(page, rng)})


def press(page: Page, rng: random.Random) -> dict[str, str]:
    """One of the buttons that answer the ballot, or, where there are none, that pass it over."""
    for name in ("winner", "skip"):
        if values := [value for button, value in page.buttons if button == name]:
            return {name: rng.choice(values)}
    return {}


def see_ballot(
    arena: Arena, browser: Browser, page: Page, answer: Answer, ahead: Sequence[str]
) -> list[Showing]:
    """The showings of the page's ballot; none where it is no normal one."""
    ballot = Ballot.objects.get(token_hash=hash_token(page.token))
    if ballot.kind != Ballot.Kind.NORMAL:
        return []
    makers = Candidate.objects.in_bulk(ballot.candidates)
    places = find_places(page, ballot.candidates, find_addresses(arena, ballot.candidates))
    sides = [
        Side(url, place, slot, ahead.index(url) if url in ahead else -1, browser.get(url))
        for slot, (place, url) in enumerate(places)
    ]
    texts = Part.objects.filter(candidate__in=makers).values_list("text", flat=True)
    known = {" ".join(text.split()) for text in texts}
    return [
        Showing(
            page.token,
            makers[pk].prompt_id,
            makers[pk].competitor_id,
            pk,
            side.slot,
            describe_side(side, sides, page, answer, known),
        )
        for pk, side in zip(ballot.candidates, sides, strict=True)
    ]


def find_addresses(arena: Arena, candidates: Sequence[int]) -> dict[int, set[str]]:
    """The addresses of each candidate's pictures."""
    addresses: dict[int, set[str]] = {candidate: set() for candidate in candidates}
    parts = Part.objects.filter(candidate__in=candidates, thought=False)
    rows = parts.filter(image__renditions__profile=arena.profile_id)
    for candidate, sha256 in rows.values_list("candidate", "image__renditions__sha256"):
        addresses[candidate].add(reverse("image", args=[sha256]))
    return addresses


def find_places(
    page: Page, candidates: Sequence[int], addresses: Mapping[int, set[str]]
) -> list[tuple[int, str]]:
    """Where on the page the first picture of each candidate is, from left to right."""
    pictures, places = list(page.pictures), []
    for candidate in candidates:
        mine = [each for each in pictures if each[1] in addresses[candidate]]
        if not mine:
            raise NothingShown(f"the vote page shows no picture of candidate {candidate}")
        places.append(mine[0])
        # Where both show the same picture, the next one is the other side's.
        pictures = pictures[pictures.index(mine[0]) + 1 :]
    return places
