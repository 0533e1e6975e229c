"""What a check is given of a candidate, and the key by which the same is known again."""

import hashlib
import json
from dataclasses import asdict

from arenas.candidates.models import Candidate
from arenas.images.models import Image
from arenas.images.store import read_bytes
from arenas.suites.models import Prompt
from metrics.checks.base import PromptFacts
from metrics.results.measure import Given


def describe_prompt(prompt: Prompt) -> PromptFacts:
    """The prompt as checks see it."""
    return PromptFacts(
        id=prompt.key,
        category=prompt.category,
        text=prompt.text,
        roles=frozenset(reference.role for reference in prompt.references.all()),
        expect=prompt.expectation,
    )


def list_images(candidate: Candidate) -> list[Image]:
    return [part.image for part in candidate.parts.all() if part.image and not part.thought]


def make_key(candidate: Candidate) -> str:
    """The SHA-256 of all that a check is given but the prompt's name."""
    prompt = candidate.prompt
    facts = asdict(describe_prompt(prompt))
    given = {
        "category": facts["category"],
        "text": facts["text"],
        "expect": facts["expect"],
        "references": [
            (each.key, each.role, each.image.sha256) for each in prompt.references.all()
        ],
        "images": [image.sha256 for image in list_images(candidate)],
    }
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()


def read_contents(candidate: Candidate) -> Given[bytes]:
    """The prompt and the files of all pictures. Raises OSError where a file cannot be read."""
    prompt = candidate.prompt
    return Given(
        describe_prompt(prompt),
        tuple(
            (each.key, each.role, read_bytes(each.image.path)) for each in prompt.references.all()
        ),
        tuple(read_bytes(image.path) for image in list_images(candidate)),
    )
