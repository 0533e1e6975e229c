from typing import Any

from django.db import models

from arenas.definitions.models import Arena


class BlindnessAudit(models.Model):
    """One try at telling the competitors of an arena apart, and how well it went."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="blindness_audits")
    created_at = models.DateTimeField()
    serves = models.PositiveIntegerField(help_text="ballots that were shown")
    settings = models.JSONField(help_text="seed, attackers, folds, rendition profile")
    figures = models.JSONField(help_text="accuracies by channel, by competitor and by prompt")
    code_version = models.CharField(max_length=40)

    class Meta:
        ordering = ["-created_at", "-pk"]
        get_latest_by = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.arena}: {self.serves} serves on {self.created_at:%Y-%m-%d}"

    @property
    def best_attack(self) -> dict[str, Any]:
        """The attacker who was right most often, with everything but the pixels."""
        attacks = [each for each in self.figures["attacks"] if each["channel"] == "all"]
        return max(attacks, key=lambda each: float(each["accuracy"]))

    @property
    def chance(self) -> float:
        return float(self.best_attack["chance"])

    @property
    def gives_away(self) -> bool:
        """Whether an attacker beats chance by more than is allowed."""
        return float(self.best_attack["accuracy"]) > self.chance + float(self.settings["allowed"])
