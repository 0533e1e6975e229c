from django.db import models

from metrics.stats.court_rule import State


class CourtRuling(models.Model):
    """What votes said of one version of a check or judge in one category; written once.

    The newest of a (subject, version, category) holds; the others are its history. An empty
    category stands for all prompts. The database refuses to change a row.
    """

    subject = models.CharField(max_length=220, help_text="a check's name, or judge:NAME")
    version = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=[(each.value, each.value) for each in State])
    reasons = models.JSONField(default=list)
    figures = models.JSONField()
    competitors = models.JSONField(default=list, help_text="those that the evidence is about")
    settings = models.JSONField(help_text="levels, limits, hypotheses, questions, rater kinds")
    watermark = models.BigIntegerField(help_text="votes up to this sequence number")
    votes = models.PositiveBigIntegerField(help_text="decisive votes on the site then")
    results = models.PositiveBigIntegerField(help_text="check results, or judge votes, then")
    seconds = models.FloatField()
    code_version = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-watermark", "-id"]
        get_latest_by = ["watermark", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "version", "category", "watermark", "results", "settings"],
                name="one_ruling_of_the_same",
            )
        ]
        indexes = [models.Index(fields=["subject", "version", "category", "-watermark", "-id"])]

    def __str__(self) -> str:
        return f"{self.subject} {self.version} in {self.category or 'all'}: {self.state}"
