from django.db import models

# The form that renditions have now. Another form needs another name: then all are made again.
ENCODER = "webp-2"


class Image(models.Model):
    """An original, exactly as it arrived, stored under the hash of its bytes. Staff only."""

    sha256 = models.CharField(max_length=64, unique=True)
    mime = models.CharField(max_length=32)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="bytes")
    decoded = models.BooleanField(default=True, help_text="it was once decoded completely")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.width}×{self.height})"

    @property
    def path(self) -> str:
        return f"originals/{self.sha256[:2]}/{self.sha256}"


class RenditionProfile(models.Model):
    """How raters see every image of an arena: one canvas, one encoder, one byte length."""

    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="bytes of every file, to the byte")
    encoder = models.CharField(max_length=16, default=ENCODER)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["width", "height", "size", "encoder"], name="one_row_per_profile"
            )
        ]

    def __str__(self) -> str:
        return f"{self.width}×{self.height} {self.encoder}, {self.size} bytes"


class Rendition(models.Model):
    """What raters see of an image: its pixels alone, in the form of one profile."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="renditions")
    profile = models.ForeignKey(RenditionProfile, models.PROTECT, related_name="renditions")
    sha256 = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "profile"], name="one_rendition_per_profile")
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} of image {self.image_id}"

    @property
    def path(self) -> str:
        return f"renditions/{self.sha256[:2]}/{self.sha256}.webp"
