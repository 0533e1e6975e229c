"""A run's temporary arena: the pinned prompts, both competitors, and which samples take part."""

import hashlib
import hmac
from datetime import date, datetime

from django.conf import settings

from arenas.definitions.enter import enter_competitors
from arenas.definitions.load import OUTCOMES
from arenas.definitions.models import Arena, Entry, Question
from arenas.definitions.shape import RenditionShape
from arenas.images.models import ENCODER, RenditionProfile
from arenas.suites.models import SuiteVersion
from metrics.regressions.models import Run
from metrics.regressions.prompts import pin_version
from metrics.regressions.shape import HumansShape
from metrics.regressions.start import lock

QUESTION = "overall"
USUAL = HumansShape().question


def prepare_arena(run: Run, *, now: datetime) -> Arena:
    """Make the run's arena, and fix the challenger's samples. Nobody votes there yet."""
    evaluation, shape = lock(run.eval), run.shape
    version = pin_version(evaluation)
    arena = Arena.objects.create(
        # Raters read these: they name neither the eval nor a competitor.
        slug=name_arena(run),
        title=shape.humans.question,
        translations={"title": translate(shape.humans.question)},
        stage=Arena.Stage.PREPARED,
        temporary=True,
        suite_version=version,
        tags=list(shape.tags) if evaluation.suite_version else [],
        outcomes=list(OUTCOMES),
        checks=shape.checks,
        access=shape.humans.access,
        profile=find_profile(version),
        board_raters=["external", "person"],
        voting_settings={"repeat_share": shape.humans.repeat_share, "aa_share": 0},
    )
    asked = shape.humans.question
    Question.objects.create(arena=arena, key=QUESTION, text=asked, translations=translate(asked))
    run.first_sample = find_first_sample(run, today=now.date())
    enter(arena, run, now)
    run.arena = arena
    return arena


def name_arena(run: Run) -> str:
    """Its address, which tells raters nothing, and which nobody can guess who knows others."""
    said = f"regression:{run.eval_id}:{run.number}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()
    return f"pictures-{digest[:12]}"


def translate(question: str) -> dict[str, str]:
    """The question in the site's other languages, where it is not in words of somebody's own."""
    return {"de": "Welches Bild ist besser?"} if question == USUAL else {}


def find_profile(version: SuiteVersion) -> RenditionProfile:
    """As the suite's pictures are shown elsewhere: then they need not be rendered again."""
    prompts = version.prompts.values("suite")
    alike = Arena.objects.filter(temporary=False, suite_version__suite__in=prompts)
    if arena := alike.order_by("-pk").first():
        return arena.profile
    shape = RenditionShape()
    profile, _ = RenditionProfile.objects.get_or_create(
        width=shape.width, height=shape.height, size=shape.kilobytes * 1024, encoder=ENCODER
    )
    return profile


def find_first_sample(run: Run, *, today: date) -> int:
    """The first of the challenger's samples that no run of the eval has used: it draws anew.

    Where the challenger is the baseline itself, those that it is the baseline by are used, too.
    What cannot be asked any more, or never could, is looked at again as it is.
    """
    first = len(run.baseline_samples) if run.challenger_id == run.baseline_id else 0
    if run.challenger.is_external or run.challenger.is_retired(today):
        return first
    earlier = run.eval.runs.filter(challenger=run.challenger, arena__isnull=False)
    return max([first, *(each.challenger_samples.stop for each in earlier)])


def enter(arena: Arena, run: Run, now: datetime) -> None:
    """Both take part with their samples; one that is both with all up to its last."""
    enter_competitors(arena, list(dict.fromkeys((run.baseline, run.challenger))), now=now)
    challenger = Entry.objects.filter(arena=arena, competitor=run.challenger)
    if run.baseline_id == run.challenger_id:
        challenger.update(samples=run.challenger_samples.stop)
        return
    challenger.update(first_sample=run.first_sample, samples=len(run.challenger_samples))
    baseline = Entry.objects.filter(arena=arena, competitor=run.baseline)
    baseline.update(samples=len(run.baseline_samples))
