"""What somebody may send who wants more votes than ballots, or votes on others' ballots."""

import itertools
import random
import string
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from arenas.definitions.models import Arena
from benchmarks.serving_cases import world
from benchmarks.serving_cases.browse import Browser, Form, Reply, find_form

SUBMITS = 5
CROWD = 8
PATIENCE = 60


@dataclass
class Account:
    """The statuses that came back, and the answers that the site took."""

    statuses: Counter[int] = field(default_factory=Counter)
    answered: list[world.Answered] = field(default_factory=list)

    def note(self, reply: Reply) -> Reply:
        self.statuses[reply.status] += 1
        return reply

    @property
    def errors(self) -> int:
        return sum(n for status, n in self.statuses.items() if status >= 500)


def open_ballot(browser: Browser, path: str) -> Form:
    reply = browser.get(path)
    form = find_form(reply.text)
    if form is None:
        raise RuntimeError(f"no ballot, but status {reply.status}: {reply.notice}")
    return form


def submit_together(arena: Arena, port: int, ballots: int) -> str:
    """Each ballot answered by five tabs at the same moment, half of them with other answers."""
    path, account, before = f"/arenas/{arena.slug}/vote/", Account(), world.count_votes(arena)

    def attack(rater: int) -> list[Reply]:
        replies: list[Reply] = []
        with Browser(port) as browser, ThreadPoolExecutor(SUBMITS) as threads:
            open_ballot(browser, path)
            tabs = [browser.twin() for _ in range(SUBMITS)]
            for number in range(rater, ballots, CROWD):
                form = open_ballot(browser, path)
                winners = form.winners[: 1 + number % 2] * SUBMITS
                together = threading.Barrier(SUBMITS)
                replies += threads.map(partial(submit, form, together), tabs, winners)
            for tab in tabs:
                tab.close()
        return replies

    with ThreadPoolExecutor(CROWD) as crowd:
        for reply in itertools.chain(*crowd.map(attack, range(min(CROWD, ballots)))):
            account.note(reply)
    stored = world.count_votes(arena) - before
    return (
        f"{ballots} ballots × {SUBMITS} concurrent submits: {stored} votes (target {ballots}), "
        f"{world.count_doubled(arena)} doubled, {account.errors} server errors; "
        f"{dict(account.statuses)}"
    )


def submit(form: Form, together: threading.Barrier, tab: Browser, winner: str) -> Reply:
    together.wait(PATIENCE)
    return tab.answer(form, winner, htmx=False)


def present_tokens(arena: Arena, port: int, number: int) -> str:
    """Tokens that were used, have expired, are another rater's, or were never given."""
    path = f"/arenas/{arena.slug}/vote/"
    lines = [f"{number} tokens of each kind (target: 0 accepted, 0 server errors)"]
    for kind, attack in TOKENS.items():
        account, before, rng = Account(), world.count_votes(arena), random.Random(1)
        rightful = 0
        for _ in range(number):
            with Browser(port) as browser:
                rightful += attack(browser, path, rng, account)
        accepted = world.count_votes(arena) - before - rightful
        lost = world.find_lost(account.answered)
        lines.append(
            f"  {kind:10} {accepted} accepted, {lost} first answers changed, "
            f"{account.errors} server errors; {dict(account.statuses)}"
        )
    return "\n".join(lines)


def other_winner(form: Form, winner: str, rng: random.Random) -> str:
    return rng.choice([name for name in form.winners if name != winner])


def replay(browser: Browser, path: str, rng: random.Random, account: Account) -> int:
    """An answer, and then another one to the same ballot."""
    form = open_ballot(browser, path)
    winner = rng.choice(form.winners)
    browser.answer(form, winner)
    account.answered.append((form.token, winner))
    account.note(browser.answer(form, other_winner(form, winner, rng), htmx=False))
    return 1


def come_late(browser: Browser, path: str, rng: random.Random, account: Account) -> int:
    form = open_ballot(browser, path)
    world.expire_ballots([form.token])
    account.note(browser.answer(form, rng.choice(form.winners), htmx=False))
    return 0


def take_foreign(browser: Browser, path: str, rng: random.Random, account: Account) -> int:
    """Somebody else's ballot, with a form and cookies of one's own."""
    form = open_ballot(browser, path)
    with Browser(browser.port) as other:
        theirs = open_ballot(other, path)
    reply = browser.answer(form, rng.choice(form.winners), htmx=False, token=theirs.token)
    account.note(reply)
    return 0


def tamper(browser: Browser, path: str, rng: random.Random, account: Account) -> int:
    form = open_ballot(browser, path)
    token = spoil(form.token, rng)
    account.note(browser.answer(form, rng.choice(form.winners), htmx=False, token=token))
    return 0


def spoil(token: str, rng: random.Random) -> str:
    """The token with one letter changed, some missing or added, or in the other case."""
    place = rng.randrange(len(token))
    letters = [letter for letter in string.ascii_letters + string.digits if letter != token[place]]
    changed = token[:place] + rng.choice(letters) + token[place + 1 :]
    return rng.choice([changed, token[:place], token + changed[place], token.swapcase()])


TOKENS = {"replayed": replay, "expired": come_late, "foreign": take_foreign, "tampered": tamper}
