import hashlib
from collections.abc import Sequence
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from arenas.battles.models import Ballot, Battle, recall_shown
from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Outcome, Question
from arenas.ledger.models import LedgerRow
from arenas.raters.models import Rater, RaterKind
from arenas.suites.models import Prompt


class Import(models.Model):
    """A file of votes that was read once, known by the hash of its bytes."""

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="imports")
    sha256 = models.CharField(max_length=64)
    filters = models.JSONField(default=list)
    filename = models.CharField(max_length=255)
    rows = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arena", "sha256", "filters"], name="a_file_is_imported_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.rows} votes)"


class Vote(LedgerRow):
    """A rater's answer to one question about one ballot. Written once, never changed.

    `competitor_a` was shown first (on the left); an imported vote has competitors but no
    ballot. A change of mind is another row, which revises this one; taking an answer back is a
    row that is `retracted`. About a pair the answer is `winner`; of three or four pictures it
    is `ranking`, a tier for each slot (1 is best); about each picture, `answers` by slot.
    """

    FORM = 2

    class Source(models.TextChoices):
        SITE = "site"
        IMPORT = "import"
        SIMULATED = "simulated"
        JUDGE = "judge"

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="votes")
    question = models.ForeignKey(Question, models.PROTECT, related_name="votes")
    ballot = models.ForeignKey(Ballot, models.PROTECT, null=True, related_name="votes")
    revision = models.PositiveSmallIntegerField(default=0)
    revises = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="revised_by"
    )
    rater = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="votes")
    rater_kind = models.CharField(max_length=10, choices=RaterKind)
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, related_name="votes")
    competitor_a = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    competitor_b = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    candidate_a = models.ForeignKey(Candidate, models.PROTECT, null=True, related_name="+")
    candidate_b = models.ForeignKey(Candidate, models.PROTECT, null=True, related_name="+")
    winner = models.CharField(max_length=8, choices=Outcome, blank=True)
    ranking = ArrayField(models.PositiveSmallIntegerField(), size=4, null=True, blank=True)
    answers = ArrayField(models.CharField(max_length=40), size=4, null=True, blank=True)
    retracted = models.BooleanField(default=False)
    strength = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 slightly, 2 clearly, 3 by far"
    )
    reasons = models.JSONField(default=list, blank=True, help_text="[slot, reason] each")
    spots = models.JSONField(
        default=list, blank=True, help_text="[slot, turn, part, x, y] each; x and y are 0..1"
    )
    source = models.CharField(max_length=10, choices=Source)
    response_ms = models.PositiveIntegerField(null=True, blank=True)
    tools = models.JSONField(default=list, blank=True, help_text="what the rater used to look")
    comment_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the comment's salt and text"
    )
    imported = models.ForeignKey(Import, models.PROTECT, null=True, related_name="votes")

    related: ClassVar[tuple[str, ...]] = (
        "arena", "question", "rater", "prompt", "competitor_a", "competitor_b", "revises",
        "ballot__gold__spoilt", "imported", "candidate_a__prompt", "candidate_a__competitor",
        "candidate_b__prompt", "candidate_b__competitor",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ballot", "question", "revision"], name="one_vote_per_ballot_and_question"
            ),
            models.CheckConstraint(
                condition=(
                    Q(source="site", ballot__isnull=False, rater__isnull=False)
                    & Q(candidate_a__isnull=False, candidate_b__isnull=False)
                )
                | Q(source="import", ballot=None, imported__isnull=False)
                | Q(source__in=["simulated", "judge"], rater__isnull=False),
                name="what_a_vote_has_by_its_source",
            ),
            models.CheckConstraint(
                condition=Q(ballot__isnull=False) | ~Q(competitor_a=F("competitor_b")),
                name="nobody_beats_itself",
            ),
            models.CheckConstraint(
                condition=Q(retracted=True, winner="", ranking=None, answers=None)
                | (Q(retracted=False, ranking=None, answers=None) & ~Q(winner=""))
                | Q(retracted=False, winner="", ranking__isnull=False, answers=None)
                | Q(retracted=False, winner="", ranking=None, answers__isnull=False),
                name="a_vote_is_one_answer",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(seq=None), name="vote_unsealed"),
            models.Index(fields=["arena", "question", "seq"], name="vote_by_question"),
        ]

    def __str__(self) -> str:
        return f"vote {self.pk}: {self.winner}"

    @classmethod
    def prepare(cls, rows: Sequence[Self]) -> None:
        models.prefetch_related_objects(rows, "comment")
        several = [row.ballot for row in rows if row.ballot and len(row.ballot.candidates) > 2]
        if several:
            recall_shown(several)

    def fits_annex(self) -> bool:
        comment = getattr(self, "comment", None) if self.comment_hash else None
        return comment is None or comment.hash() == self.comment_hash

    def describe(self) -> dict[str, object]:
        return self.describe_answer() | (self.describe_showing() if self.form > 1 else {})

    def describe_showing(self) -> dict[str, object]:
        """What later rows say beside the answer: how it was shown, and all that came with it."""
        ballot = self.ballot
        several = ballot.shown if ballot and len(ballot.candidates) > 2 else []
        return {
            "candidate_a": name_candidate(self.candidate_a) if self.candidate_a else None,
            "candidate_b": name_candidate(self.candidate_b) if self.candidate_b else None,
            "kind": ballot.kind if ballot else None,
            "policy": ballot.policy if ballot else None,
            "arm": ballot.arm if ballot else None,
            "probability": ballot.probability if ballot else None,
            "uniform_probability": ballot.uniform_probability if ballot else None,
            "category": self.prompt.category if self.prompt else None,
            "prompt_key": self.prompt.key if self.prompt else None,
            "models": [each.competitor.name for each in several] or None,
            "shown": [name_candidate(each) for each in several] or None,
            "slots": ballot.slots if ballot else None,
            "gold": ballot.gold.name() if ballot and ballot.gold else None,
            "ranking": self.ranking,
            "answers": self.answers,
            "retracted": self.retracted,
            "revision": self.revision,
            "strength": self.strength,
            "reasons": self.reasons,
            "spots": self.spots,
            "comment": self.comment_hash,
            "import": self.imported.sha256 if self.imported else None,
        }

    def describe_answer(self) -> dict[str, object]:
        return {
            "row": "vote",
            "arena": self.arena.slug,
            "question": self.question.key,
            "wording": self.question.text,
            "ballot": self.ballot.nonce.hex if self.ballot else None,
            "revises": bytes(self.revises.digest).hex() if self.revises else None,
            "prompt": self.prompt.content_hash if self.prompt else None,
            "rater": self.rater.key if self.rater else None,
            "rater_kind": self.rater_kind,
            "model_a": self.competitor_a.name,
            "model_b": self.competitor_b.name,
            "sample_a": self.candidate_a.sample if self.candidate_a else None,
            "sample_b": self.candidate_b.sample if self.candidate_b else None,
            "winner": self.winner,
            "source": self.source,
            "response_ms": self.response_ms,
            "tools": self.tools,
            "at": self.created_at.isoformat(),
        }


class Comment(models.Model):
    """What a rater wrote with a vote. The ledger holds a salted hash: a withdrawal erases both."""

    vote = models.OneToOneField(Vote, models.PROTECT, related_name="comment")
    text = models.TextField()
    salt = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        return self.text[:80]

    def hash(self) -> str:
        """What the ledger holds of it; without the salt, nobody can guess the words."""
        return hashlib.sha256(bytes(self.salt) + self.text.encode()).hexdigest()


# The votes that stand now: not revised, not taken back.
STANDING = Q(revised_by=None, retracted=False)


class Flag(LedgerRow):
    """A mark on one vote, rater, candidate or battle; boards choose whether it excludes.

    A rater's can be in one arena, as those by an arena's rules are: it touches votes there alone.
    Nothing is deleted: lifting a flag is another row, which `lifts` it.
    """

    FORM = 2

    arena = models.ForeignKey(
        Arena, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="whose boards it is about; empty: all",
    )  # fmt: skip
    vote = models.ForeignKey(Vote, models.PROTECT, null=True, related_name="flags")
    rater = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="flags")
    candidate = models.ForeignKey(Candidate, models.PROTECT, null=True, related_name="flags")
    battle = models.ForeignKey(Battle, models.PROTECT, null=True, related_name="flags")
    rule = models.CharField(max_length=60, help_text="what raised it, such as `manual`")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150, help_text="a user's name, or the part of the site")
    lifts = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="lifted_by"
    )

    related: ClassVar[tuple[str, ...]] = (
        "vote", "rater", "candidate__prompt", "candidate__competitor",
        "battle__first__prompt", "battle__first__competitor",
        "battle__second__prompt", "battle__second__competitor", "battle__arena", "lifts", "arena",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(vote__isnull=False, rater=None, candidate=None, battle=None)
                | Q(vote=None, rater__isnull=False, candidate=None, battle=None)
                | Q(vote=None, rater=None, candidate__isnull=False, battle=None)
                | Q(vote=None, rater=None, candidate=None, battle__isnull=False),
                name="a_flag_has_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(arena=None) | Q(rater__isnull=False),
                name="only_a_rater_is_flagged_in_one_arena",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(seq=None), name="flag_unsealed")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.reason}"

    def describe(self) -> dict[str, object]:
        where = {"arena": self.arena.slug if self.arena else None} if self.form > 1 else {}
        return where | {
            "row": "flag",
            "vote": bytes(self.vote.digest).hex() if self.vote else None,
            "rater": self.rater.key if self.rater else None,
            "candidate": name_candidate(self.candidate) if self.candidate else None,
            "battle": (
                [self.battle.arena.slug, *map(name_candidate, self.battle.candidates)]
                if self.battle
                else None
            ),
            "rule": self.rule,
            "reason": self.reason,
            "by": self.by,
            "lifts": bytes(self.lifts.digest).hex() if self.lifts else None,
            "at": self.created_at.isoformat(),
        }


def name_candidate(candidate: Candidate) -> list[object]:
    return [candidate.prompt.content_hash, candidate.competitor.name, candidate.sample]


class VoteCount(models.Model):
    """How often a pair ended how, folded by sequence; equal to a recount at any time.

    `weight` adds up the votes' weights in thousandths (1000 for a vote whose pair was drawn
    uniformly), `weight_squared` their squares: whole numbers add up alike in any order.
    """

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="counts")
    question = models.ForeignKey(Question, models.CASCADE, related_name="counts")
    prompt = models.ForeignKey(Prompt, models.CASCADE, null=True, related_name="+")
    rater_kind = models.CharField(max_length=10, choices=RaterKind)
    competitor_a = models.ForeignKey(Competitor, models.CASCADE, related_name="+")
    competitor_b = models.ForeignKey(Competitor, models.CASCADE, related_name="+")
    winner = models.CharField(max_length=8, choices=Outcome)
    flagged = models.BooleanField(default=False)
    # No CHECK: a fold inserts differences, and PostgreSQL checks them before it adds them up.
    count = models.BigIntegerField()
    weight = models.BigIntegerField(default=0)
    weight_squared = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "arena", "question", "prompt", "rater_kind",
                    "competitor_a", "competitor_b", "winner", "flagged",
                ],
                nulls_distinct=False,
                name="one_count_per_cell",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.competitor_a} – {self.competitor_b}: {self.count} × {self.winner}"


class CountWatermark(models.Model):
    """Up to which sequence number the counts are folded; the table has one row."""

    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"counts up to {self.seq}"
