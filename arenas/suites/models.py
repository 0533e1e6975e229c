from django.db import models

from arenas.images.models import Image
from arenas.providers.base import Expectation


class PromptSuite(models.Model):
    """A named set of prompts, kept in versions."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Prompt(models.Model):
    """One task, immutable: other words are another prompt. Versions of a suite share it."""

    suite = models.ForeignKey(PromptSuite, models.PROTECT, null=True, related_name="prompts")
    key = models.CharField(max_length=200, help_text="its id in the suite's file")
    content_hash = models.CharField(max_length=64)
    category = models.CharField(max_length=100, blank=True)
    turns = models.JSONField(help_text="the user's messages in order, at least one")
    expect = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["suite", "content_hash"], nulls_distinct=False, name="prompt_is_its_content"
            )
        ]
        indexes = [models.Index(fields=["key"])]

    def __str__(self) -> str:
        return self.key

    @property
    def text(self) -> str:
        return "\n\n".join(self.turns)

    def list_shown(self) -> list["PromptReference"]:
        """The references that models and raters are shown: all but masks."""
        return [each for each in self.references.all() if each.role != PromptReference.Role.MASK]

    @property
    def expectation(self) -> Expectation:
        """What the suite states of a right answer, as checks and renderers take it."""
        stated = dict(self.expect)
        for name in ("text", "edits"):
            stated[name] = tuple(stated.get(name, ()))
        return Expectation(**stated)


class PromptReference(models.Model):
    """A picture that comes with a prompt, and what it is there for."""

    class Role(models.TextChoices):
        SUBJECT = "subject"
        STYLE = "style"
        SOURCE = "source"
        MASK = "mask"  # where the source may change: white; for checks alone

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="references")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=100)
    role = models.CharField(max_length=16, choices=Role)
    image = models.ForeignKey(Image, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "key"], name="reference_named_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.role})"


class SuiteVersion(models.Model):
    """One frozen, ordered state of a suite, known by the hash of its content."""

    suite = models.ForeignKey(PromptSuite, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … in order of loading")
    label = models.CharField(max_length=50, help_text="the version that its author wrote")
    content_hash = models.CharField(max_length=64)
    licence = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    prompts = models.ManyToManyField(Prompt, through="SuiteEntry", related_name="versions")

    class Meta:
        ordering = ["suite", "number"]
        constraints = [
            models.UniqueConstraint(fields=["suite", "number"], name="suite_version_number"),
            models.UniqueConstraint(fields=["suite", "content_hash"], name="suite_version_content"),
        ]

    def __str__(self) -> str:
        return f"{self.suite} v{self.number}"


class SuiteEntry(models.Model):
    """A prompt's place in a version. Tags stand here: they are no part of the prompt itself."""

    version = models.ForeignKey(SuiteVersion, models.CASCADE, related_name="entries")
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField()
    tags = models.JSONField(default=list)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "prompt"], name="prompt_once_per_version"),
            models.UniqueConstraint(fields=["version", "position"], name="one_prompt_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.version} · {self.prompt}"
