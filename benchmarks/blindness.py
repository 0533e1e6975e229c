"""Can a script in a rater's browser tell four models apart without looking at the pixels?

`make bench-blindness` draws an arena of four procedural models with different looks and defects,
plays 2,000 ballots through the vote page and lets the audit's attackers guess. The site may give
away at most three points more than chance.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site()  # before anything that holds models

from arenas.blindness.audit import audit  # noqa: E402
from arenas.blindness.describe import describe  # noqa: E402
from arenas.candidates.models import Candidate, Part  # noqa: E402
from arenas.candidates.store import render_for_arenas  # noqa: E402
from arenas.competitors.models import Competitor  # noqa: E402
from arenas.definitions.enter import enter_competitors  # noqa: E402
from arenas.definitions.models import Arena, Outcome, Question  # noqa: E402
from arenas.images.models import RenditionProfile  # noqa: E402
from arenas.images.store import store_image  # noqa: E402
from arenas.providers.base import ImagePart, Request  # noqa: E402
from arenas.providers.procedural import Provider  # noqa: E402
from arenas.suites.models import Prompt, PromptSuite, SuiteEntry, SuiteVersion  # noqa: E402

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIDE = 320
MODELS = {
    "clean": {},
    "pasted": {"pasting_seams": 0.8},
    "drifting": {"style_drift": 0.6},
    "noisy": {"noise": 0.5},
}
THINGS = ("red kite", "blue boat", "golden crown", "green teapot", "white lighthouse", "pink vase")
PLACES = (
    "on a beach", "in a forest", "in a desert", "on a city street", "on a hill", "in a kitchen",
    "in a studio", "in front of mountains", "in a library", "at a market",
)  # fmt: skip
LOOKS = (
    "at night", "at sunset", "in the fog", "in the snow", "as a watercolour", "as a pencil sketch",
    "as an oil painting", "as a vintage photograph", "at dawn", "in the rain",
)  # fmt: skip


def make_arena(prompts: int, rng: random.Random) -> Arena:
    suite = PromptSuite.objects.create(name="blindness")
    version = SuiteVersion.objects.create(suite=suite, number=1)
    texts = [f"A {thing} {place} {look}." for thing, place, look in
             itertools.product(THINGS, PLACES, LOOKS)]  # fmt: skip
    rows = Prompt.objects.bulk_create(
        Prompt(suite=suite, key=f"p{n}", content_hash=f"{n}", turns=[text])
        for n, text in enumerate(rng.sample(texts, prompts))
    )
    SuiteEntry.objects.bulk_create(
        SuiteEntry(version=version, prompt=prompt, position=n) for n, prompt in enumerate(rows)
    )
    profile, _ = RenditionProfile.objects.get_or_create(width=SIDE, height=SIDE, size=24 * 1024)
    arena = Arena.objects.create(
        slug="blindness", title="Blindness", suite_version=version, profile=profile,
        outcomes=list(Outcome.values), board_raters=["person"],
    )  # fmt: skip
    Question.objects.create(arena=arena, key="better", text="Which is better?")
    competitors = [Competitor.objects.create(name=name) for name in MODELS]
    enter_competitors(arena, competitors, now=NOW)
    for competitor, prompt in itertools.product(competitors, rows):
        draw(competitor, prompt)
    return arena


def draw(competitor: Competitor, prompt: Prompt) -> None:
    provider = Provider(competitor.name, {"size": SIDE, **MODELS[competitor.name]})
    request = Request(prompt.key, tuple(prompt.turns), seed=prompt.pk)
    outcome = asyncio.run(provider.generate(request, deadline=60))
    (picture,) = (part for part in outcome.parts if isinstance(part, ImagePart))
    image = store_image(picture.data)
    candidate = Candidate.objects.create(
        prompt=prompt, competitor=competitor, status=Candidate.Status.DONE, finished_at=NOW
    )
    Part.objects.create(candidate=candidate, position=0, image=image)
    render_for_arenas(candidate, [image])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serves", type=int, default=2000)
    parser.add_argument("--prompts", type=int, default=400, help="at most 600")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.process_time()
    arena = make_arena(options.prompts, random.Random(options.seed))
    print(f"{4 * options.prompts} pictures drawn in {time.process_time() - start:.0f} CPU s")
    found = audit(arena, options.serves, seed=options.seed, now=datetime.now(UTC))
    print(describe(found))
    return int(found.gives_away)


if __name__ == "__main__":
    sys.exit(main())
