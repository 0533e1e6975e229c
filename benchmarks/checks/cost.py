"""What all checks together cost: processor seconds and memory, on one picture of 1024².

A process of its own measures, with one thread, as the site's does; each check that needs neither
weights nor a judging model looks at a photograph with a face, an edit and lettering on it. The
first round loads the models, and counts only for memory.
"""

import resource
import subprocess
import sys
import time
from io import BytesIO

import cv2
from PIL import Image, ImageDraw, ImageFont

from arenas.providers.base import Expectation
from arenas.suites.samples import load_sample
from benchmarks.checks.table import Row
from metrics.checks.base import BaseCheck, PromptFacts, ReferencePicture, Subject, make_check

CHECKS = ("identity", "preservation", "style", "superimposition", "technical", "text")
SIDE, ROUNDS = 1024, 3
WORDS = "OPEN LATE"


def make_candidate() -> Subject:
    """A photograph, edited: a patch of another colour, and words."""
    encoded, _ = load_sample("astronaut")
    reference = Image.open(BytesIO(encoded)).convert("RGB")
    image = reference.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 660, 330, 980), fill=(40, 110, 70))
    pen.text((520, 880), WORDS, fill="white", font=ImageFont.load_default(80), stroke_width=3)
    references = tuple(
        ReferencePicture(role, role, reference) for role in ("subject", "source", "style")
    )
    facts = PromptFacts(
        "cost", "", f'Write "{WORDS}" on it.',
        roles=frozenset(each.role for each in references),
        expect=Expectation(text=(WORDS,), subject="subject", edits=("words",), preserve="the rest"),
    )  # fmt: skip
    return Subject(facts, references, (image,))


def measure_all() -> None:
    """Print the mean seconds of each check over the rounds after the first, then megabytes."""
    cv2.setNumThreads(1)
    subject = make_candidate()
    for name in CHECKS:
        check = make_check(name)
        assert check.applies(subject.prompt), name
        found = [time_check(check, subject) for _ in range(ROUNDS + 1)]
        print(name, sum(found[1:]) / ROUNDS)
    print("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def time_check(check: BaseCheck, subject: Subject) -> float:
    began = time.process_time()
    check.measure(subject)
    return time.process_time() - began


def run(seed: int) -> list[Row]:
    command = [sys.executable, "-m", "benchmarks.checks.cost"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said = dict(line.split() for line in printed.splitlines())
    memory = float(said.pop("memory"))
    seconds = {name: float(value) for name, value in said.items()}
    rows = [Row(f"  {name}, CPU seconds", value, n=ROUNDS) for name, value in seconds.items()]
    total = sum(seconds.values())
    return [
        Row("all checks on one picture of 1024², CPU seconds", total, target="≤ 2", n=ROUNDS),
        *rows,
        Row("most memory of the process, MB", memory, target="≤ 700", n=1),
    ]


if __name__ == "__main__":
    measure_all()
