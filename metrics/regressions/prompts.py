"""Which prompts a regression eval is over, and the suite version that pins them for a run."""

from collections.abc import Sequence

from arenas.suites.load import hash_content
from arenas.suites.models import Prompt, PromptSuite, SuiteEntry, SuiteVersion
from metrics.regressions.models import RegressionEval

# No file can give such a name: the suites that the site makes for evals by tags.
PRIVATE = "regress: "


def find_version(suite: str) -> SuiteVersion | None:
    """The version that a file names: `name` (its newest) or `name@number`."""
    name, _, number = suite.partition("@")
    versions = SuiteVersion.objects.filter(suite__name=name).exclude(
        suite__name__startswith=PRIVATE
    )
    if number:
        versions = versions.filter(number=number) if number.isdecimal() else versions.none()
    return versions.order_by("number").last()


def select_entries(version: SuiteVersion | None, tags: Sequence[str]) -> list[SuiteEntry]:
    """The places of the prompts asked: of the version, or of every suite's newest one, by tags.

    A prompt that has several places is asked once.
    """
    newest = SuiteVersion.objects.exclude(suite__name__startswith=PRIVATE).order_by(
        "suite", "-number"
    )
    versions = [version] if version else list(newest.distinct("suite"))
    entries = SuiteEntry.objects.filter(version__in=versions).select_related("prompt")
    found: dict[int, SuiteEntry] = {}
    for entry in entries.order_by("version__suite__name", "position"):
        if not tags or set(tags) & set(entry.tags):
            found.setdefault(entry.prompt_id, entry)
    return list(found.values())


def list_prompts(version: SuiteVersion | None, tags: Sequence[str]) -> list[Prompt]:
    return [entry.prompt for entry in select_entries(version, tags)]


def pin_version(evaluation: RegressionEval) -> SuiteVersion:
    """The version that a run is over: the eval's, or a private one of the prompts by tags."""
    if evaluation.suite_version:
        return evaluation.suite_version
    entries = select_entries(None, evaluation.tags)
    suite, _ = PromptSuite.objects.get_or_create(name=f"{PRIVATE}{evaluation.name}")
    PromptSuite.objects.select_for_update().get(pk=suite.pk)
    content_hash = hash_content([[entry.prompt_id, entry.tags] for entry in entries])
    known = suite.versions.filter(content_hash=content_hash).first()
    return known or create_version(suite, entries, content_hash)


def create_version(
    suite: PromptSuite, entries: Sequence[SuiteEntry], content_hash: str
) -> SuiteVersion:
    number = suite.versions.count() + 1
    version = SuiteVersion.objects.create(
        suite=suite, number=number, label=str(number), content_hash=content_hash
    )
    SuiteEntry.objects.bulk_create(
        SuiteEntry(version=version, prompt=entry.prompt, position=position, tags=entry.tags)
        for position, entry in enumerate(entries)
    )
    return version
