"""Whether a string is spelt right: its likelihood beside that of the likeliest misspelling."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.checks._text.likelihood import Alphabet, list_neighbours, score_strings
from metrics.checks._text.reading import Reading, find_string

# A letter that no look at the line gives this chance at any step is not tried in its place.
LEAST_CHANCE = 0.003
# Beyond this share of wrong letters the words found are others.
MOST_WRONG = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """`read` is the likeliest of all strings tried; `margin` how far the right one is ahead.

    The margin is in nats: the mean over the looks of log P(right) - log P(best other).
    """

    read: str
    margin: float


def judge_spelling(wanted: str, looks: Sequence[Reading], alphabet: Alphabet) -> Verdict | None:
    """The verdict over several looks at the same lines; None where none shows the string."""
    spans = [(look, find_string(wanted, look)) for look in looks]
    near = [(look, span) for look, span in spans if span.edits <= MOST_WRONG * len(wanted)]
    if not near:
        return None
    cuts = [look.steps[span.start : span.end] for look, span in near]
    likely = np.flatnonzero(np.max([cut[:, 1:].max(0) for cut in cuts], axis=0) > LEAST_CHANCE) + 1
    right = tuple(alphabet.encode(wanted))
    read = [tuple(alphabet.encode(span.text)) for _, span in near]
    others = sorted({*list_neighbours(right, likely.tolist()), *read} - {right})
    strings = [right, *others]
    scores = np.mean([score_strings(cut, strings) for cut in cuts], axis=0)
    best = int(scores[1:].argmax()) + 1
    margin = float(scores[0] - scores[best])
    return Verdict(wanted if margin > 0 else alphabet.decode(strings[best]), margin)
