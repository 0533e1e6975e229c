"""A rater's own votes for the rater: all that they said, and nothing of who was behind the sides.

Digests stay out as well: whoever knows all the rest of a vote could find its models by trying.
"""

from typing import Any

from arenas.battles.models import Ballot
from arenas.raters.models import Rater
from arenas.votes.models import Vote


def disclose_votes(rater: Rater) -> list[dict[str, Any]]:
    """One entry for each row, in the order of writing; one that was taken back is `revised`."""
    related = ("arena", "question", "prompt", "comment", "revised_by", "ballot")
    rows = Vote.objects.filter(rater=rater).select_related(*related).order_by("pk")
    return [disclose(vote) for vote in rows]


def disclose(vote: Vote) -> dict[str, Any]:
    return {
        "at": vote.created_at.isoformat(),
        "arena": vote.arena.slug,
        "question": vote.question.text,
        # Of the other kinds a rater is not told: who knows what gold looks like passes it.
        "practice": vote.ballot is not None and vote.ballot.kind == Ballot.Kind.PRACTICE,
        "prompt": list(vote.prompt.turns) if vote.prompt else None,
        "winner": vote.winner or None,
        "ranking": vote.ranking,
        "answers": vote.answers,
        "strength": vote.strength,
        "reasons": vote.reasons,
        "spots": vote.spots,
        "comment": vote.comment.text if hasattr(vote, "comment") else None,
        "retracted": vote.retracted,
        "revised": hasattr(vote, "revised_by"),
        "response_ms": vote.response_ms,
        "tools": vote.tools,
    }
