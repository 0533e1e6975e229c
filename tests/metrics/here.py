"""Measures in this very process, where a test may change what a check does."""

from collections.abc import Iterator, Sequence

from arenas.images.decode import decode_pixels
from metrics.checks.base import make_check
from metrics.results.isolate import Measurement
from metrics.results.measure import Given, Pixels, make_subject, measure


class Here:
    def measure(
        self, given: Given[bytes], names: Sequence[str]
    ) -> Iterator[tuple[str, Measurement]]:
        references = tuple((key, role, decode(data)) for key, role, data in given.references)
        decoded = Given(given.prompt, references, tuple(map(decode, given.images)))
        for name in names:
            yield name, Measurement(measure(make_check(name), make_subject(decoded)), 0.5, 0.25)


def decode(data: bytes) -> Pixels:
    picture = decode_pixels(data)
    return Pixels(picture.size, picture.tobytes())
