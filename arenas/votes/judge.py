"""What an answered gold ballot says of its rater, and what follows at once."""

from django.utils.translation import gettext

from arenas.battles.expect import INSTRUCTED, find_right, find_told, name_side
from arenas.battles.models import Ballot, Gold
from arenas.battles.sitting import Sitting
from arenas.definitions.models import Outcome
from arenas.raters.finish import end
from arenas.raters.models import Participation
from arenas.votes.models import STANDING, Vote

Kind = Ballot.Kind
SPOILT = (Gold.Kind.WRONG_PROMPT, Gold.Kind.CORRUPTED)


def judge(ballot: Ballot, kind: str, winner: str) -> bool | None:
    """Whether an answer about a pair is right; None where it is no answer to that.

    Beside a spoilt picture the good one may be unusable too: that is taste.
    """
    unusable = winner == Outcome.BOTH_BAD and kind in SPOILT
    return winner in find_right(ballot, kind) if winner and not unusable else None


def attend(sitting: Sitting, ballot: Ballot) -> None:
    """Count an answered practice or attention ballot on the rater's part in the arena.

    The last lapse that the arena allows ends the part; what was answered stays and counts.
    """
    part = sitting.participation
    if ballot.kind == Kind.PRACTICE:
        part.practised = sum(
            past.kind == Kind.PRACTICE and not past.skipped for past in sitting.past
        )
        part.save(update_fields=["practised"])
    elif sitting.stock.golds[ballot.gold_id or 0].kind == INSTRUCTED:
        count_lapses(sitting)


def count_lapses(sitting: Sitting) -> None:
    """From the answers that stand, so that one that was taken back and given again counts once."""
    part = sitting.participation
    lapses = len(find_lapses(part))
    if lapses == part.lapses:
        return
    part.lapses = lapses
    part.save(update_fields=["lapses"])
    failed = lapses >= sitting.stock.arena.voting.quality.attention_failures
    if failed and part.state == Participation.State.VOTING:
        end(part, Participation.State.INATTENTIVE, now=sitting.now)


def find_lapses(part: Participation) -> list[Vote]:
    """The votes that did not do what their ballot's task asked for: the first of each ballot."""
    told = Vote.objects.filter(
        STANDING, rater=part.rater_id, arena=part.arena_id,
        ballot__kind=Kind.GOLD, ballot__gold__kind=INSTRUCTED,
    ).exclude(winner="")  # fmt: skip
    first: dict[int | None, Vote] = {}
    for vote in told.select_related("ballot").order_by("question__position", "question"):
        first.setdefault(vote.ballot_id, vote)
    return [
        vote
        for vote in first.values()
        if vote.ballot and judge(vote.ballot, INSTRUCTED, vote.winner) is False
    ]


def explain_practice(sitting: Sitting, vote: Vote) -> str:
    """After a practice ballot: whether the answer was right, and why. Nothing after others."""
    ballot = vote.ballot
    if ballot is None or ballot.kind != Kind.PRACTICE or not ballot.answered_at:
        return ""
    gold = sitting.stock.golds[ballot.gold_id or 0]
    verdict = {
        True: gettext("That was right."),
        False: gettext("That was not right."),
        None: gettext("Thank you."),
    }[judge(ballot, gold.kind, vote.winner)]
    return f"{verdict} {give_reason(ballot, gold)}"


def give_reason(ballot: Ballot, gold: Gold) -> str:
    if gold.kind == Gold.Kind.IDENTICAL:
        return gettext("Both sides showed the same picture, so neither is better.")
    if gold.kind == INSTRUCTED:
        return gettext("The task asked you to answer “%s”.") % name_side(find_told(ballot))
    side = name_side(Outcome(min(find_right(ballot, gold.kind))))
    if gold.kind == Gold.Kind.WRONG_PROMPT:
        return gettext("“%s” was better: the other picture was made for another task.") % side
    return gettext("“%s” was better: the other picture is broken.") % side
