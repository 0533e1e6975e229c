"""A regression run's outcome and numbers as people read them."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.reports.words import OUTCOMES, write_amount, write_number
from metrics.stats.verdict import Outcome
from metrics.templatetags.metrics_format import PER_CENT

register = template.Library()
Row = Mapping[str, Any]

LOOKS = {"pass": "good", "fail": "bad", "needs_humans": "simulated"}
RESULTS = {"passed": "good", "failed": "bad", "undecided": "simulated"}
# The verdict in large words, by outcome, and by state where there is none yet.
LARGE = {
    "pass": "Pass",
    "fail": "Fail",
    "needs_humans": "Needs humans",
    "planned": "Waiting to begin",
    "generating": "Making pictures",
    "checking": "Checking pictures",
    "voting": "People are voting",
    "failed": "Could not be run",
    "cancelled": "Cancelled",
}
TRUST = {"may_gate": "may gate", "advisory": "advisory", "unproven": "unproven"}


@register.filter
def outcome_tag(run: Run) -> SafeString:
    """The outcome, or where the run stands."""
    if run.outcome:
        return format_html(
            '<span class="tag {} nowrap">{}</span>', LOOKS[run.outcome], OUTCOMES[run.outcome]
        )
    look = "bad" if run.state == Run.State.FAILED else ""
    return format_html('<span class="tag {} nowrap">{}</span>', look, run.get_state_display())


@register.filter
def large_words(run: Run) -> str:
    """People are named only where they could decide."""
    if run.outcome == Outcome.NEEDS_HUMANS and not run.report.get("asks"):
        return "Undecided"
    return LARGE[run.outcome or run.state]


@register.filter
def look(run: Run) -> str:
    """The class of the verdict's colour."""
    return LOOKS.get(run.outcome, "bad" if run.state == Run.State.FAILED else "")


@register.filter
def result_tag(row: Row) -> SafeString:
    """Advice is paler: it decides nothing."""
    shade = RESULTS[row["result"]] if row["decides"] else ""
    return format_html('<span class="tag {}">{}</span>', shade, row["result"])


@register.filter
def oriented(value: float | None, row: Row) -> str:
    return write_number(value, row)


@register.filter
def oriented_amount(value: float | None, row: Row) -> str:
    return write_amount(value, row).replace(" %", PER_CENT)


@register.filter
def distance(value: float | None, row: Row) -> str:
    """An amount that has no direction."""
    return write_amount(value, row).lstrip("+−").replace(" %", PER_CENT)


@register.filter
def close(sentence: str) -> str:
    """A sentence in which no line breaks before a per-cent sign."""
    return sentence.replace(" %", PER_CENT)


@register.filter
def as_sentence(reason: str) -> str:
    """With a capital and a full stop; a measure's name keeps its letters."""
    first = reason.partition(" ")[0]
    begun = reason if "." in first or "_" in first else reason[:1].upper() + reason[1:]
    return close(begun if begun.endswith(".") else f"{begun}.")


@register.filter
def trust_words(state: str) -> str:
    return TRUST.get(state, state)


@register.filter
def check_of(measure: str) -> str:
    """The check that a measure is of, or nothing."""
    name, _, rest = measure.partition(".")
    return name if rest else ""


@register.filter
def schedule_words(evaluation: RegressionEval) -> str:
    """The schedule that is in force: staff may have changed what the file says."""
    task = evaluation.periodic_task
    if task is None:
        return "none: its runs are started by hand, or by a program"
    if task.crontab:
        row = task.crontab
        fields = (row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week)
        return f"{' '.join(fields)} (crontab, {row.timezone})"
    if task.interval:
        return f"every {task.interval.every} {task.interval.period}"
    return str(task.schedule)


@register.filter
def rate(share: float) -> str:
    """A small share as a percentage, with all its digits: `0.5 %`."""
    return f"{100 * share:g}{PER_CENT}"


@register.filter
def scaled(value: float, scale: float) -> str:
    return f"{scale * value:.3g}"


@register.filter
def verdict_signs(verdicts: str) -> SafeString:
    """One box for each run: worse, in between, better, or not measured."""
    names = {"−": "worse", "+": "better", "·": "even", " ": "none"}
    words = {"worse": "worse", "better": "better", "even": "in between", "none": "not measured"}
    boxes = [
        format_html('<span class="sign {}" title="{}">{}</span>', names[v], words[names[v]], v)
        for v in verdicts
    ]
    return SafeString("".join(boxes))
