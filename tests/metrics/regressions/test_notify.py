"""Mail and webhooks: who is told, when again, and what a receiver can hold a message against."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import connection

from metrics.regressions import webhook
from metrics.regressions.models import Notice, Run
from metrics.regressions.notify import MINUTES, TRIES, notify_all, plan_notices, send_next
from metrics.regressions.webhook import NotSent, find_place, is_public, post
from tests.factories import NOW
from tests.metrics.regressions.nights import make_night
from tests.metrics.regressions.reporting import make_failed, make_report

MAIL = "release@example.org"


class Receiver:
    """A small server that keeps what it is sent, and answers as it is told to."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.heard: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append((dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hooks?key=1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def verify(self, secret: str) -> list[str]:
        """The events of the messages whose signatures hold, as a receiver would check them."""
        events = []
        for headers, body in self.heard:
            given = dict(part.split("=") for part in headers["X-Evalsite-Signature"].split(","))
            signed = f"{given['t']}.".encode() + body
            expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(given["v1"], expected)
            assert json.loads(body)["event"] == headers["X-Evalsite-Event"]
            events.append(headers["X-Evalsite-Event"])
        return events


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    settings.WEBHOOK_SECRET = "between us"
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def evaluation(db, tmp_path, brightness):
    return make_night(tmp_path, prompts=1)


def end(evaluation, number, outcome, *, now=NOW, **notify):
    """A run that came to this, or failed where it came to nothing."""
    ended = {"state": "decided", "outcome": outcome, "decided_at": now}
    return Run.objects.create(
        eval=evaluation,
        number=number,
        trigger="schedule",
        definition={**evaluation.definition, "notify": notify},
        baseline=evaluation.baseline,
        challenger=evaluation.challenger,
        started_at=now,
        report=make_report(make_failed()),
        **(ended if outcome else {"state": "failed", "error": "no price"}),
    )


def test_only_news_is_told(evaluation):
    outcomes = ["pass", "pass", "fail", "fail", "", "", "pass"]
    for number, outcome in enumerate(outcomes, start=1):
        end(evaluation, number, outcome, email=[MAIL])
    assert plan_notices(NOW) == 4
    told = Notice.objects.order_by("run__number").values_list("run__number", "payload__outcome")
    assert list(told) == [(1, "pass"), (3, "fail"), (5, "error"), (7, "pass")]
    assert plan_notices(NOW) == 0


def test_who_asks_for_it_is_always_told(evaluation):
    for number in (1, 2):
        end(evaluation, number, "pass", email=[MAIL], webhook=["http://e.org/"], always=True)
    assert plan_notices(NOW) == 4


def test_nobody_is_told_of_long_ago(evaluation):
    end(evaluation, 1, "fail", email=[MAIL])
    assert plan_notices(NOW + timedelta(days=8)) == 0


def test_a_webhook_is_received_and_its_signature_holds(evaluation, receiver):
    end(evaluation, 1, "fail", webhook=[receiver.address])
    assert notify_all(lambda: NOW) == 1
    notice = Notice.objects.get()
    assert (notice.state, notice.last_answer) == ("sent", "answered 200")
    assert receiver.verify("between us") == [str(notice.event)]
    said = json.loads(receiver.heard[0][1])
    assert (said["eval"], said["outcome"], said["before"]) == ("nightly", "fail", None)
    assert said["criteria"][0]["name"] == "text.cer"
    assert said["address"].endswith("/workbench/evals/nightly/runs/1/")
    assert notify_all(lambda: NOW) == 0


def test_what_was_not_taken_is_sent_again_as_the_same_event(evaluation, receiver):
    receiver.answers = [500, 200]
    end(evaluation, 1, "fail", webhook=[receiver.address])
    notify_all(lambda: NOW)
    assert Notice.objects.get().last_answer == "answered 500"
    assert notify_all(lambda: NOW + timedelta(seconds=59)) == 0
    assert notify_all(lambda: NOW + timedelta(seconds=60)) == 1
    first, second = receiver.verify("between us")
    assert first == second
    assert receiver.heard[0][1] == receiver.heard[1][1]
    assert Notice.objects.get().state == "sent"


def test_who_dies_before_noting_sends_the_same_event_again(evaluation, receiver, monkeypatch):
    end(evaluation, 1, "fail", webhook=[receiver.address])
    plan_notices(NOW)
    with monkeypatch.context() as patch:
        patch.setattr(Notice, "save", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            send_next(NOW)
    assert Notice.objects.get().tries == 0
    assert send_next(NOW + timedelta(seconds=5))
    assert len(set(receiver.verify("between us"))) == 1
    assert len(receiver.heard) == 2


def test_waits_grow_and_it_is_given_up_in_the_end(evaluation, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> str:
        raise NotSent("nobody there")

    monkeypatch.setattr("metrics.regressions.notify.post", refuse)
    end(evaluation, 1, "fail", webhook=["https://e.org/"])
    plan_notices(NOW)
    now, waits = NOW, []
    while send_next(now) and (due := Notice.objects.get().next_at):
        waits.append((due - now).total_seconds() / 60)
        now = due
    notice = Notice.objects.get()
    assert tuple(waits) == MINUTES
    assert (notice.state, notice.tries, notice.last_answer) == ("given_up", TRIES, "nobody there")
    assert TRIES == 8


def test_a_redirect_is_not_followed(receiver):
    receiver.answers = [302]
    with pytest.raises(NotSent, match="answered 302, and is not followed"):
        post(receiver.address, b"{}", event="e", now=NOW)
    assert len(receiver.heard) == 1


def test_who_does_not_answer_holds_nobody_up(settings, monkeypatch):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    monkeypatch.setattr(webhook, "SECONDS", 0.2)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # listens, and accepts nobody
    with pytest.raises(NotSent):
        post(f"http://127.0.0.1:{server.server_port}/", b"{}", event="e", now=NOW)
    server.server_close()


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:8000/", "http://localhost/", "http://[::1]/", "http://10.1.2.3/",
        "http://169.254.169.254/latest", "http://0x7f000001/", "http://2130706433/",
        "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://0.0.0.0/",
        "ftp://example.org/", "file:///etc/passwd", "http:///",
    ],
)  # fmt: skip
def test_what_is_behind_the_firewall_is_not_reached(target):
    with pytest.raises(NotSent):
        find_place(target)


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("2606:2800:220:1::", True), ("fe80::1%eth0", False),
     ("100.64.0.1", False), ("224.0.0.1", False), ("2002:7f00:1::", False)],
)  # fmt: skip
def test_addresses_of_the_public_internet(address, public):
    assert is_public(address) == public


def test_mail_says_what_happened_with_one_id_for_repetitions(evaluation, mailoutbox):
    end(evaluation, 1, "pass", email=[MAIL])
    end(evaluation, 2, "fail", email=[MAIL])
    assert notify_all(lambda: NOW) == 2
    message = mailoutbox[1]
    event = Notice.objects.get(run__number=2).event
    assert (message.subject, message.to) == ("nightly, run 2: fail", [MAIL])
    assert message.message()["Message-ID"] == f"<{event}@evalsite>"
    assert "house-v4 against house-v3: fail. The run before it: pass." in message.body
    assert "- failed: text.cer rose by 0.034: failed." in message.body
    assert "/workbench/evals/nightly/runs/2/" in message.body


def test_the_secret_follows_from_the_sites_key_where_none_is_set(settings):
    settings.WEBHOOK_SECRET = ""
    settings.SECRET_KEY = "one"
    first = webhook.read_secret()
    settings.SECRET_KEY = "two"
    assert len(first) == 64
    assert webhook.read_secret() != first


@pytest.mark.django_db(transaction=True)
def test_a_message_that_is_being_sent_is_sent_by_nobody_else(
    tmp_path, brightness, receiver, monkeypatch
):
    end(make_night(tmp_path, prompts=1), 1, "fail", webhook=[receiver.address])
    plan_notices(NOW)
    begun, go_on = threading.Event(), threading.Event()

    def post_slowly(*args: Any, **options: Any) -> str:
        begun.set()
        go_on.wait(10)
        return post(*args, **options)

    monkeypatch.setattr("metrics.regressions.notify.post", post_slowly)
    other = threading.Thread(target=send_elsewhere)
    other.start()
    assert begun.wait(10)
    assert not send_next(NOW)
    go_on.set()
    other.join(10)
    assert len(receiver.heard) == 1
    assert Notice.objects.get().state == "sent"


def send_elsewhere() -> None:
    try:
        send_next(NOW)
    finally:
        connection.close()


def test_that_people_are_asked_is_told_once(evaluation, mailoutbox):
    run = end(evaluation, 1, "pass", email=[MAIL])
    Run.objects.filter(pk=run.pk).update(state="voting", outcome="", decided_at=None)
    assert plan_notices(NOW) == 1
    assert plan_notices(NOW) == 0
    notice = Notice.objects.get()
    assert notice.payload["type"] == "regression_run.asks_people"
    assert notice.payload["outcome"] == "needs_humans"
    Run.objects.filter(pk=run.pk).update(state="decided", outcome="pass", decided_at=NOW)
    assert plan_notices(NOW) == 1
