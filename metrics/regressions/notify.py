"""Tell those whom an eval names how a run ended, or that it asks people: by mail and by signed
webhook, at least once.

Who is to be told is found by looking at the runs that ended, or ask; the message is kept before it
is sent, and its event stays the same over all tries. Who dies between sending and noting sends
again, so that a message may come twice: the receiver knows it by the event.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from metrics.regressions.address import find_address
from metrics.regressions.models import Notice, Run
from metrics.regressions.reports.words import OUTCOMES
from metrics.regressions.webhook import NotSent, post
from metrics.stats.verdict import Outcome

logger = logging.getLogger(__name__)
# After each try that failed, the time to the next; after the last one it is given up.
MINUTES = (1, 5, 15, 30, 60, 180, 360)
TRIES = len(MINUTES) + 1
# How long ago a run may have ended that nobody was told of.
LATEST = timedelta(days=7)
# Messages of one sweep: each may take as long as a receiver that does not answer.
MOST = 20
NAMED = 50  # criteria of a message
ANSWER = 300  # characters that are kept
ERROR = "error"
About = Notice.About
TYPES = {About.ENDED: "regression_run.ended", About.ASKED: "regression_run.asks_people"}


def notify_all(now: Callable[[], datetime]) -> int:
    """Keep what is to be told, and send what is due; return how many messages were tried."""
    plan_notices(now())
    tried = 0
    while tried < MOST and send_next(now()):
        tried += 1
    return tried


def plan_notices(now: datetime) -> int:
    """A message for each target of each run that asks people or ended with news; how many."""
    told = [(run, About.ASKED) for run in select_asking()]
    told += [(run, About.ENDED) for run in select_untold(now) if is_news(run)]
    rows = [notice for run, about in told for notice in list_notices(run, about, now)]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def select_asking() -> QuerySet[Run]:
    """Runs that wait for people, who will not come by themselves."""
    untold = ~Exists(Notice.objects.filter(run=OuterRef("pk"), about=About.ASKED))
    return name_earlier(Run.objects.filter(untold, state=Run.State.VOTING))


def select_untold(now: datetime) -> QuerySet[Run]:
    """Runs that ended lately."""
    since = now - LATEST
    lately = Q(decided_at__gte=since) | Q(state=Run.State.FAILED, started_at__gte=since)
    untold = ~Exists(Notice.objects.filter(run=OuterRef("pk"), about=About.ENDED))
    return name_earlier(Run.objects.filter(lately, untold))


def name_earlier(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Those that somebody may be told of, with what the one before each of them came to."""
    ends = (Run.State.DECIDED, Run.State.FAILED)
    before = Run.objects.filter(
        eval=OuterRef("eval"), number__lt=OuterRef("number"), state__in=ends
    ).order_by("-number")
    return (
        runs.filter(definition__has_key="notify")
        .order_by("pk")
        .defer("report", "differences", "people")
        .select_related("eval", "baseline", "challenger")
        .annotate(
            state_before=Subquery(before.values("state")[:1]),
            outcome_before=Subquery(before.values("outcome")[:1]),
        )
    )


def is_news(run: Any) -> bool:
    """Whether it came to something else than the run before it, or always tells."""
    return run.shape.notify.always or name_end(run) != name_before(run)


def name_end(run: Run) -> str:
    asks = run.state == Run.State.VOTING
    return run.outcome or (Outcome.NEEDS_HUMANS if asks else ERROR)


def name_before(run: Any) -> str | None:
    return None if run.state_before is None else run.outcome_before or ERROR


def list_notices(run: Any, about: Notice.About, now: datetime) -> Iterator[Notice]:
    wanted = run.shape.notify
    targets = [
        *((Notice.Kind.EMAIL, each) for each in wanted.email),
        *((Notice.Kind.WEBHOOK, each) for each in wanted.webhook),
    ]
    for kind, target in dict.fromkeys(targets):
        payload = {"type": TYPES[about], **describe(run, name_before(run))}
        yield Notice(run=run, kind=kind, target=target, about=about, payload=payload, next_at=now)


def describe(run: Run, before: str | None) -> dict[str, Any]:
    """What a message says: the report without its examples, which stay on the page."""
    report: Mapping[str, Any] = run.report
    return {
        "eval": run.eval.name,
        "run": run.number,
        "outcome": name_end(run),
        "before": before,
        "reason": run.reason or run.error or report.get("reason", ""),
        "baseline": run.baseline.name,
        "challenger": run.challenger.name,
        "started_at": run.started_at.isoformat(),
        "decided_at": run.decided_at.isoformat() if run.decided_at else None,
        "criteria": [
            {key: row[key] for key in ("name", "result", "decides", "sentence")}
            for row in report.get("criteria", [])[:NAMED]
        ],
        "address": find_address(run),
    }


@transaction.atomic
def send_next(now: datetime) -> bool:
    """Try the message that has been due for longest; False where none is.

    Its row is held meanwhile, so that nobody else sends it.
    """
    due = Notice.objects.filter(state=Notice.State.DUE, next_at__lte=now)
    notice = due.select_for_update(skip_locked=True).order_by("next_at", "pk").first()
    if notice is None:
        return False
    notice.tries += 1
    try:
        notice.last_answer = SENDERS[Notice.Kind(notice.kind)](notice, now)[:ANSWER]
        notice.state, notice.next_at = Notice.State.SENT, None
    except NotSent as error:
        note_failure(notice, str(error), now)
    notice.save()
    return True


def note_failure(notice: Notice, reason: str, now: datetime) -> None:
    notice.last_answer = reason[:ANSWER]
    if notice.tries >= TRIES:
        notice.state, notice.next_at = Notice.State.GIVEN_UP, None
        logger.warning("%s is given up: %s", notice, reason)
        return
    notice.next_at = now + timedelta(minutes=MINUTES[notice.tries - 1])


def send_webhook(notice: Notice, now: datetime) -> str:
    event = str(notice.event)
    body = json.dumps({"event": event, **notice.payload}, ensure_ascii=False).encode()
    return post(notice.target, body, event=event, now=now)


def send_mail(notice: Notice, now: datetime) -> str:
    """A repetition has the same Message-ID, by which mail programs show it once."""
    said = notice.payload
    message = EmailMessage(
        subject=f"{said['eval']}, run {said['run']}: {OUTCOMES.get(said['outcome'], ERROR)}",
        body=write_mail(said),
        to=[notice.target],
        headers={"Message-ID": f"<{notice.event}@evalsite>"},
    )
    try:
        message.send()
    except Exception as error:  # mail libraries raise many kinds
        raise NotSent(f"{type(error).__name__}: {error}") from error
    return "handed on" if settings.EMAIL_HOST else "written to the log: no EMAIL_HOST is set"


def write_mail(said: Mapping[str, Any]) -> str:
    before = f" The run before it: {OUTCOMES.get(said['before'], said['before'])}."
    lines = [
        f"{said['challenger']} against {said['baseline']}: "
        f"{OUTCOMES.get(said['outcome'], said['outcome'])}."
        f"{before if said['before'] else ''}",
        "",
        said["reason"],
        "",
        *(f"- {row['result']}: {row['sentence']}" for row in said["criteria"]),
        "",
        said["address"],
    ]
    return "\n".join(lines)


SENDERS: Mapping[Notice.Kind, Callable[[Notice, datetime], str]] = {
    Notice.Kind.EMAIL: send_mail,
    Notice.Kind.WEBHOOK: send_webhook,
}
