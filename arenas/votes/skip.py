"""Pass over a pair, with a reason: no vote, and the rater does not see it again."""

from django.utils.translation import gettext

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting
from arenas.votes.cast import AlreadyAnswered, Refused, find_open
from arenas.votes.models import STANDING, Vote
from arenas.votes.undo import retract


def skip_open(sitting: Sitting, token: str, reason: str) -> Ballot:
    """Close the ballot without a vote. Raises Refused for an unknown reason or ballot."""
    if reason not in {each.id for each in sitting.stock.arena.voting.skip_reasons}:
        raise Refused(gettext("Say why you pass over this pair."))
    ballot = find_open(sitting, token)
    if ballot is None:
        raise AlreadyAnswered(gettext("This pair is not open any more."))
    # Who answered one question and passes at the next has not judged the pair.
    for vote in ballot.votes.filter(STANDING).select_related(*Vote.related):
        retract(sitting, vote)
    ballot.skipped, ballot.answered_at, ballot.questions_answered = reason, sitting.now, []
    ballot.save(update_fields=["skipped", "answered_at", "questions_answered"])
    sitting.finish(ballot)
    return ballot
