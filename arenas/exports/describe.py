"""Rows of preference pairs, from all that they name."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena, Question
from arenas.exports.tables import dump, image_paths
from arenas.exports.tally import Tally, list_reasons, list_regions, name_form
from arenas.suites.models import Prompt
from arenas.votes.models import Vote

# Of both kinds of row: what was asked, and what was chosen.
SHARED = {
    "prompt": pl.String,
    "prompt_hash": pl.String,
    "prompt_text": pl.String,
    "turns": pl.String,
    "references": pl.String,
    "category": pl.String,
    "question": pl.String,
    "question_text": pl.String,
    "chosen": pl.String,
    "rejected": pl.String,
    "chosen_sample": pl.Int64,
    "rejected_sample": pl.Int64,
    "chosen_paths": pl.String,
    "rejected_paths": pl.String,
    "chosen_sha256": pl.String,
    "rejected_sha256": pl.String,
    "chosen_reasons": pl.String,
    "rejected_reasons": pl.String,
    "chosen_regions": pl.String,
    "rejected_regions": pl.String,
    "rater_kind": pl.String,
    "source": pl.String,
    "source_form": pl.String,
}
PAIRS = {
    **SHARED,
    "votes": pl.Int64,
    "wins": pl.Int64,
    "losses": pl.Int64,
    "ties": pl.Int64,
    "both_bad": pl.Int64,
    "margin": pl.Float64,
    "agreement": pl.Float64,
}
VOTES = {**SHARED, "rater": pl.String, "seq": pl.Int64, "strength": pl.Int64}


@dataclass(frozen=True, slots=True)
class Describer:
    """Rows of preferences, from all that they name, read at once."""

    questions: Mapping[int, Question]
    prompts: Mapping[int, Mapping[str, object]]
    makers: Mapping[int, tuple[str, int]]
    paths: Mapping[int, str]

    @classmethod
    def read(cls, arena: Arena, wanted: set[int]) -> "Describer":
        prompts = Prompt.objects.filter(pk__in=wanted).prefetch_related("references__image")
        candidates = Candidate.objects.filter(prompt__in=wanted)
        makers = candidates.values_list("pk", "competitor__name", "sample")
        return cls(
            arena.questions.in_bulk(),
            {prompt.pk: describe_prompt(prompt) for prompt in prompts},
            {pk: (name, sample) for pk, name, sample in makers},
            image_paths(candidates),
        )

    def pair(self, tally: Tally) -> dict[str, object]:
        chosen, rejected = tally.order
        wins, losses = tally.wins[chosen], tally.wins[rejected]
        return {
            **self.shared(tally, chosen, rejected),
            **self.side("chosen", chosen, count(tally.reasons, chosen), tally.regions),
            **self.side("rejected", rejected, count(tally.reasons, rejected), tally.regions),
            "rater_kind": " ".join(sorted(tally.kinds)),
            "source": " ".join(sorted(tally.sources)),
            "source_form": " ".join(sorted(tally.forms)),
            "votes": tally.votes,
            "wins": wins,
            "losses": losses,
            "ties": tally.ties,
            "both_bad": tally.both_bad,
            "margin": (wins - losses) / tally.votes,
            "agreement": tally.agreement,
        }

    def vote(self, tally: Tally, vote: Vote, better: int, worse: int) -> dict[str, object]:
        said, regions = Counter(list_reasons(vote)), list_regions(vote)
        return {
            **self.shared(tally, better, worse),
            **self.side("chosen", better, count(said, better), regions),
            **self.side("rejected", worse, count(said, worse), regions),
            "rater_kind": vote.rater_kind,
            "source": vote.source,
            "source_form": name_form(vote),
            # An import's rater is named in its file; everybody else is a random key.
            "rater": (vote.rater.name or vote.rater.key) if vote.rater else None,
            "seq": vote.seq,
            "strength": vote.strength,
        }

    def shared(self, tally: Tally, chosen: int, rejected: int) -> dict[str, object]:
        return {
            **self.prompts[tally.prompt],
            "question": self.questions[tally.question].key,
            "question_text": self.questions[tally.question].text,
            "chosen": self.makers[chosen][0],
            "rejected": self.makers[rejected][0],
        }

    def side(
        self,
        name: str,
        candidate: int,
        reasons: Mapping[str, int],
        regions: Sequence[tuple[int, list[float]]],
    ) -> dict[str, object]:
        """What the row has of both; originals lie under the hash of their bytes."""
        paths = self.paths.get(candidate, "")
        own = [place for pk, place in regions if pk == candidate]
        return {
            f"{name}_sample": self.makers[candidate][1],
            f"{name}_paths": paths,
            f"{name}_sha256": " ".join(path.rpartition("/")[2] for path in paths.split()),
            f"{name}_reasons": json.dumps(reasons, sort_keys=True) if reasons else None,
            f"{name}_regions": dump(own) if own else None,
        }


def count(reasons: Mapping[tuple[int, str], int], candidate: int) -> dict[str, int]:
    return {reason: number for (pk, reason), number in reasons.items() if pk == candidate}


def describe_prompt(prompt: Prompt) -> dict[str, object]:
    """What was asked; lists are JSON. Of references the path is below the media root."""
    references = [
        {
            "id": each.key,
            "role": each.role,
            "path": each.image.path,
            "sha256": each.image.sha256,
        }
        for each in prompt.references.all()
    ]
    return {
        "prompt": prompt.key,
        "prompt_hash": prompt.content_hash,
        "prompt_text": prompt.text,
        "turns": dump(prompt.turns),
        "references": dump(references) if references else None,
        "category": prompt.category,
    }
