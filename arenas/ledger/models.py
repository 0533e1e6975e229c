from collections.abc import Sequence
from typing import ClassVar, Self

from django.db import models


class LedgerRow(models.Model):
    """A row that is written once, digested at once, and sequenced later by the sealer.

    Raters never wait for each other: `seq` stays empty until the sealer numbers the rows
    that it finds. Every watermark on the site is such a number. A row is described as it was
    when it was written, however much later rows say: `form` counts what descriptions cover.
    """

    FORM: ClassVar[int] = 1

    created_at = models.DateTimeField()
    form = models.PositiveSmallIntegerField(
        default=1, editable=False, help_text="which description the digest covers"
    )
    digest = models.BinaryField(max_length=32)
    seq = models.BigIntegerField(null=True, unique=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def prepare(cls, rows: Sequence[Self]) -> None:
        """Read at once what describing these rows and their annexes needs beside `related`."""

    def fits_annex(self) -> bool:
        """Whether what is kept outside the row, and can be erased, is what its digest is of."""
        return True

    def describe(self) -> dict[str, object]:
        """What the digest covers, in names that an export shows too."""
        raise NotImplementedError


class Block(models.Model):
    """A run of sealed rows: the root of their digests, chained to the block before."""

    first_seq = models.BigIntegerField(unique=True)
    last_seq = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["first_seq"]

    def __str__(self) -> str:
        return f"block {self.first_seq}–{self.last_seq}"
