"""A regression eval from end to end: real pictures, real checks, the real command and its exits.

`python -m benchmarks.nightly` makes a private site with 40 signs and 40 scenes with a known
subject, loads the eval with its margins, and only then makes the challengers: equal ones, one that
misspells and loses its subjects, and one that only misspells. Procedural competitors draw, workers
of the command's own generate, and the checks of identity and text measure. That both may gate is
planted here as rulings of the court, which has its own benchmark.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site()  # before anything that holds models

from django.utils import timezone  # noqa: E402

from arenas.candidates.models import Attempt  # noqa: E402
from arenas.competitors.models import Competitor  # noqa: E402
from arenas.suites.load import load_suite  # noqa: E402
from metrics.checks.base import make_check  # noqa: E402
from metrics.court.models import CourtRuling  # noqa: E402
from metrics.regressions.load import load_eval  # noqa: E402
from metrics.regressions.models import Run  # noqa: E402

WORDS = (
    "OPEN", "BAKERY", "LIGHT", "GARDEN", "MUSIC", "HARBOUR", "LEMON", "COFFEE", "WINTER",
    "TICKETS", "FLOWERS", "LIBRARY", "MUSEUM", "STATION", "CINEMA", "PHARMACY", "BOOKS", "TOYS",
    "MARKET", "KITCHEN", "ORANGE", "SILVER", "FOREST", "BRIDGE", "CASTLE", "ISLAND", "MEADOW",
    "PLANET", "RIVER", "SUMMER", "THUNDER", "VALLEY", "WINDOW", "YELLOW", "ANCHOR", "BASKET",
    "CANDLE", "DRAGON", "EAGLE", "FALCON",
)  # fmt: skip
PLACES = (
    "at an open-air market in the morning", "on a quiet beach at sunset", "in an old library",
    "in a snowy forest", "on a city street at night", "in a sunny kitchen",
    "in a meadow in spring", "in a park in autumn",
)  # fmt: skip
SUBJECTS = ("fox", "robot", "girl", "mug", "chair")
# Set by how much two equal renderers differ (SD 0.15), before any with a defect was run.
CRITERIA = [
    {"measure": "identity.similarity", "category": "subjects", "margin": 0.2, "most": 0.8},
    {"measure": "text.similarity", "category": "signs", "margin": 0.1, "most": 0.5},
]
# What each challenger is, and how the command has to end.
CHALLENGERS: dict[str, tuple[dict[str, Any], int]] = {
    "twin": ({}, 0),
    "worse": ({"identity_drift": 1.0, "misspelt_text": 0.7}, 1),
    "misspeller": ({"misspelt_text": 0.7}, 1),
    "another-twin": ({}, 0),
}


def write_suite(folder: Path, *, number: int) -> Path:
    signs = [
        {
            "id": f"sign-{word.lower()}", "category": "signs", "expect": {"text": [word]},
            "text": f'A shop sign that says "{word}".',
        }
        for word in WORDS[:number]
    ]  # fmt: skip
    scenes = [
        {
            "id": f"{subject}-{place}", "category": "subjects", "expect": {"subject": subject},
            "text": f"Show this {subject} {words}.",
            "references": [
                {"id": subject, "role": "subject", "file": f"references/{subject}.webp"}
            ],
        }
        for subject in SUBJECTS
        for place, words in enumerate(PLACES)
    ][:number]  # fmt: skip
    (folder / "references").symlink_to(ROOT / "fixtures" / "references")
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump({"name": "nightly", "version": "1", "prompts": signs + scenes}))
    return path


def write_eval(folder: Path) -> Path:
    path = folder / "nightly.yaml"
    definition = {
        "name": "nightly", "suite": "nightly", "baseline": "house", "challenger": "twin",
        "criteria": CRITERIA, "error_rate": 0.01,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(definition))
    return path


def make_competitor(name: str, **defects: float) -> Competitor:
    # Another model's name is another seed: even twins draw other pictures.
    params = {"size": 512, **defects}
    return Competitor.objects.create(
        name=name, provider="procedural", model=name, family="house", params=params
    )


def prove(check: str, competitors: list[int]) -> None:
    for category in ("", "signs", "subjects"):
        CourtRuling.objects.create(
            subject=check, version=make_check(check).version, category=category, state="may gate",
            figures={}, competitors=competitors, settings={}, watermark=1, votes=1, results=1,
            seconds=0, code_version="benchmark",
        )  # fmt: skip


def regress(name: str, folder: Path) -> tuple[int, float, str]:
    """The command's exit status, seconds, and what it printed."""
    began = time.monotonic()
    command = [sys.executable, str(ROOT / "manage.py"), "regress", "nightly", "--wait"]
    command += ["--challenger", name, "--junit", str(folder / f"{name}.xml")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    return done.returncode, time.monotonic() - began, done.stdout + done.stderr


def run(names: Sequence[str], *, number: int) -> bool:
    """Print how each challenger's run ended and why; whether all ended as they had to."""
    folder = Path(tempfile.mkdtemp(prefix="nightly-"))
    load_suite(write_suite(folder, number=number))
    baseline = make_competitor("house")
    make_competitor("twin")
    load_eval(write_eval(folder), now=timezone.now())
    for check in ("identity", "text"):
        prove(check, [baseline.pk])
    right = True
    for name in names:
        defects, wanted = CHALLENGERS[name]
        if defects or name != "twin":
            make_competitor(name, **defects)
        status, seconds, said = regress(name, folder)
        right &= status == wanted
        report(name, status, wanted, seconds)
        if status not in (0, 1):
            print(said)
    return right


def report(name: str, status: int, wanted: int, seconds: float) -> None:
    found = Run.objects.filter(challenger__name=name).order_by("-pk").first()
    paid = Attempt.objects.filter(candidate__competitor__name="house").count()
    print(
        f"\n{name}: exit {status} (wanted {wanted}), {seconds:.0f} s, house was asked {paid} times"
    )
    if found is None:
        return
    print(f"  {found.outcome or found.state}: {found.reason}{found.error}")
    for row in found.report.get("criteria", []):
        print(f"  {row['result']:9} {row['sentence']}")
        for worst in row["worst"][:3]:
            print(f"            {worst['prompt']}: {worst['difference']:+.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CHALLENGERS)}")
    parser.add_argument("--number", type=int, default=40, help="prompts of each kind, 40 at most")
    options = parser.parse_args()
    sys.exit(not run(options.names or list(CHALLENGERS), number=options.number))
