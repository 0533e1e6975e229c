"""The rooms' models in one place, where Django looks for them."""

from arenas.battles.models import Ballot, Battle, Gold, PairPlan, PairWeight, PlannedBattle
from arenas.blindness.models import BlindnessAudit
from arenas.candidates.models import (
    Attempt,
    BatchJob,
    Candidate,
    GenerationRun,
    Part,
    ServicePause,
)
from arenas.competitors.judges import Judge
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Entry, Question, Registration
from arenas.definitions.seats import Seat
from arenas.exports.models import PreferenceExport
from arenas.images.models import Image, Rendition, RenditionProfile
from arenas.judging.models import Inquiry, JudgingBatch, Judgment
from arenas.ledger.models import Block
from arenas.quality.models import AnomalyLook, RaterReview
from arenas.raters.models import (
    Departed,
    Invitation,
    Participation,
    Person,
    Rater,
    Withdrawal,
)
from arenas.suites.models import Prompt, PromptReference, PromptSuite, SuiteEntry, SuiteVersion
from arenas.votes.models import Comment, CountWatermark, Flag, Import, Vote, VoteCount

__all__ = [
    "AnomalyLook",
    "Arena",
    "Attempt",
    "Ballot",
    "BatchJob",
    "Battle",
    "BlindnessAudit",
    "Block",
    "Candidate",
    "Comment",
    "Competitor",
    "CountWatermark",
    "Departed",
    "Entry",
    "Flag",
    "GenerationRun",
    "Gold",
    "Image",
    "Import",
    "Inquiry",
    "Invitation",
    "Judge",
    "JudgingBatch",
    "Judgment",
    "PairPlan",
    "PairWeight",
    "Part",
    "Participation",
    "Person",
    "PlannedBattle",
    "PreferenceExport",
    "Prompt",
    "PromptReference",
    "PromptSuite",
    "Question",
    "Rater",
    "RaterReview",
    "Registration",
    "Rendition",
    "RenditionProfile",
    "Seat",
    "ServicePause",
    "SuiteEntry",
    "SuiteVersion",
    "Vote",
    "VoteCount",
    "Withdrawal",
]
