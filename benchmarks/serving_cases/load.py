"""Raters who answer without pause, all at once, and what they saw of the site."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.serving_cases.browse import Browser, Form, Reply, find_form
from benchmarks.serving_cases.world import Answered

PAUSE = 0.1  # before trying again, so that a site that is down is not kept from coming up


@dataclass
class Seen:
    """What one or more raters saw: answers taken, with the moment of each and how long it took."""

    answered: list[Answered] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    retries: int = 0

    def add(self, other: "Seen") -> None:
        self.answered += other.answered
        self.moments += other.moments
        self.seconds += other.seconds
        self.troubles += other.troubles
        self.retries += other.retries


@dataclass
class Rater:
    """One rater in a closed loop. Who finds no ballot any more starts afresh, as somebody else.

    A `patient` one sends an answer again for as long as nothing is heard of it.
    """

    port: int
    path: str
    rng: random.Random
    patient: bool = False
    seen: Seen = field(default_factory=Seen)

    def rate(self, stop: threading.Event) -> None:
        self.browser, form = Browser(self.port), None
        while not stop.is_set():
            try:
                form = self.answer(form) if form else self.open()
            except OSError as error:
                self.note(f"no answer: {type(error).__name__}")
                form = None
        self.browser.close()

    def note(self, trouble: str) -> None:
        if not self.patient:
            self.seen.troubles[trouble] += 1
        time.sleep(PAUSE)

    def open(self) -> Form | None:
        """The page of the present ballot."""
        reply = self.browser.get(self.path)
        if reply.status != 200:
            self.note(f"status {reply.status} to a GET")
            return None
        form = find_form(reply.text)
        if form is None:
            self.browser.close()
            self.browser = Browser(self.port)
        return form

    def answer(self, form: Form) -> Form | None:
        """Answer, and return the ballot that came back."""
        winner, began = self.rng.choice(form.winners), time.perf_counter()
        reply = self.browser.answer(form, winner) if not self.patient else self.insist(form, winner)
        ended = time.perf_counter()
        if not reply.accepted:
            self.seen.troubles[f"status {reply.status}: {reply.notice}"] += 1
            return None
        self.seen.answered.append((form.fields.get("token", ""), winner))
        self.seen.moments.append(ended)
        self.seen.seconds.append(ended - began)
        return find_form(reply.text)

    def insist(self, form: Form, winner: str) -> Reply:
        """The same answer again, until the site says something of it."""
        while True:
            try:
                reply = self.browser.answer(form, winner)
                if reply.status < 500:
                    return reply
            except OSError:
                pass
            self.seen.retries += 1
            time.sleep(PAUSE)


def rate_during(
    work: Callable[[], None], raters: int, port: int, path: str, *, patient: bool = False
) -> Seen:
    """What so many raters saw while the work was done."""
    stop, crowd = (
        threading.Event(),
        [Rater(port, path, random.Random(n), patient) for n in range(raters)],
    )
    threads = [threading.Thread(target=rater.rate, args=(stop,), daemon=True) for rater in crowd]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    seen = Seen()
    for rater in crowd:
        seen.add(rater.seen)
    return seen
