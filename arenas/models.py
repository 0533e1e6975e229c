"""The rooms' models in one place, where Django looks for them."""

from arenas.battles.models import Ballot, Battle, PairPlan, PairWeight
from arenas.candidates.models import (
    Attempt,
    BatchJob,
    Candidate,
    GenerationRun,
    Part,
    ServicePause,
)
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Entry, Question, Registration
from arenas.images.models import Image, Rendition, RenditionProfile
from arenas.ledger.models import Block
from arenas.raters.models import Admission, Invitation, Rater
from arenas.suites.models import Prompt, PromptReference, PromptSuite, SuiteEntry, SuiteVersion
from arenas.votes.models import CountWatermark, Flag, Import, Vote, VoteCount

__all__ = [
    "Admission",
    "Arena",
    "Attempt",
    "Ballot",
    "BatchJob",
    "Battle",
    "Block",
    "Candidate",
    "Competitor",
    "CountWatermark",
    "Entry",
    "Flag",
    "GenerationRun",
    "Image",
    "Import",
    "Invitation",
    "PairPlan",
    "PairWeight",
    "Part",
    "Prompt",
    "PromptReference",
    "PromptSuite",
    "Question",
    "Rater",
    "Registration",
    "Rendition",
    "RenditionProfile",
    "ServicePause",
    "SuiteEntry",
    "SuiteVersion",
    "Vote",
    "VoteCount",
]
