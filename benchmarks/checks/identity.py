"""Identity: people in photographs, toys in any pose, drift of known strength, and copies."""

from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from sklearn.metrics import roc_auc_score

from benchmarks.checks._edits import EDITS, paste
from benchmarks.checks._rendered import climb, rank_groups
from benchmarks.checks._toys import View, bend, draw_toy, make_toy
from benchmarks.checks.table import Row, resample
from metrics.checks._identity.faces import compare_chips, distance, find_faces
from metrics.checks.base import PromptFacts, ReferencePicture, Subject
from metrics.checks.identity import Check, grade_copy

FACES = Path(__file__).parents[3] / "shared/data/faces"
# Toys by seed, grounds by scikit-image's name, renderings by subject. Formulas, thresholds and
# fades were chosen on the first. Nothing was chosen on faces: their threshold is dlib's.
DEVELOPED_ON = {
    "toys": range(8),
    "grounds": ("brick", "grass", "coffee", "cat"),
    "drift": (("fox", "character-fox-snow"), ("fox", "character-fox-space"),
              ("cat", "sequential-cat-birthday")),
}  # fmt: skip
HELD_OUT = {
    "toys": range(100, 112),
    "grounds": ("gravel", "rocket", "hubble_deep_field", "retina"),
    "drift": (("robot", "character-robot-kitchen"), ("robot", "character-robot-rainy-street"),
              ("girl", "character-girl-autumn"), ("girl", "character-girl-and-books"),
              ("chair", "composition-chair-beach"), ("mug", "composition-mug-snow"),
              ("coffee", "composition-coffee-terrace"), ("logo", "text-logo-banner"),
              ("astronaut", "character-astronaut-market")),
}  # fmt: skip
SPLITS = {"developed on": DEVELOPED_ON, "held out": HELD_OUT}
Case = tuple[bool, float]


def run(seed: int) -> list[Row]:
    rows = _faces(seed) if FACES.is_dir() else []
    for name, split in SPLITS.items():
        rows += _toys(name, list(split["toys"]), list(split["grounds"]), seed)
        drift = climb("identity", "identity_drift", split["drift"], seed=seed, size=384)
        rows += rank_groups(name, drift, "similarity", seed=seed, each=True)
    return rows


def measure(reference: Image.Image, image: Image.Image) -> dict[str, float]:
    prompt = PromptFacts("p", "character", "", frozenset({"subject"}))
    subject = Subject(prompt, (ReferencePicture("r", "subject", reference),), (image,))
    return dict(Check().measure(subject).values)


def _faces(seed: int) -> list[Row]:
    """Every photograph against every edit of every other photograph; copies are of its own."""
    pictures = {path.stem: _open(path) for path in sorted(FACES.iterdir())}
    edited = {
        (name, edit): find_faces(EDITS[edit](picture))
        for (name, picture), edit in product(pictures.items(), EDITS)
    }
    known = {key: faces[0] for key, faces in edited.items() if faces}
    apart: dict[bool, list[float]] = {True: [], False: []}
    copied: dict[str, list[Case]] = {}
    for one, (other, edit) in product(pictures, known):
        reference, face = known[one, "as it is"], known[other, edit]
        same = one[:5] == other[:5]
        if one != other:
            apart[same].append(distance(reference, face))
        if same:
            case = (one == other, grade_copy(compare_chips(reference, face)))
            copied.setdefault(one, []).append(case)
    pairs = len(apart[True]) + len(apart[False])
    furthest, nearest = max(apart[True]), min(apart[False])
    return [
        Row("faces: furthest of one person's other photographs", furthest, None, "< 0.6",
            len(apart[True])),
        Row("faces: nearest of two people", nearest, None, "> 0.6", len(apart[False])),
        Row("faces: nearest of two less furthest of one", nearest - furthest, None, "> 0", pairs),
        Row("faces: edits without a face found", len(edited) - len(known), None, "0", len(edited)),
        _area("faces: copies against other photographs, AUC", copied, "≥ 0.95", seed),
    ]  # fmt: skip


def _open(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((640, 640))
    return picture


def _toys(name: str, seeds: list[int], grounds: list[str], seed: int) -> list[Row]:
    """Toys in new poses against others, and copies of the reference against new poses."""
    rng = np.random.default_rng(seed)
    scenes = [Image.fromarray(np.asarray(getattr(data, each)())) for each in grounds]
    alike: dict[str, list[Case]] = {}
    copied: dict[str, list[Case]] = {}
    for at, number in enumerate(seeds):
        toy, other = make_toy(number), make_toy(seeds[at - 1])
        front = draw_toy(toy, View(), side=240)
        reference = Image.new("RGB", front.size, "#808080")
        reference.paste(front, (0, 0), front)
        for _ in range(2):
            scene = scenes[int(rng.integers(len(scenes)))]
            new = measure(reference, paste(draw_toy(toy, bend(rng), side=240), scene, rng))
            copy = measure(reference, paste(front, scene, rng))
            wrong = measure(reference, paste(draw_toy(other, bend(rng), side=240), scene, rng))
            alike.setdefault(str(number), []).extend(
                [(True, new["similarity"]), (False, wrong["similarity"])]
            )
            copied.setdefault(str(number), []).extend(
                [(True, copy["copy_paste"]), (False, new["copy_paste"])]
            )
    return [
        _area(f"{name}: toys in new poses against other toys, AUC", alike, "", seed),
        _area(f"{name}: copies against new poses, AUC", copied, "≥ 0.95", seed),
    ]


def _area(what: str, cases: dict[str, list[Case]], target: str, seed: int) -> Row:
    every = [case for each in cases.values() for case in each]
    return Row(what, _auc(every), resample(cases, _auc, seed=seed), target, len(every))


def _auc(cases: list[Case]) -> float:
    truth, scores = zip(*cases, strict=True)
    return float(roc_auc_score(truth, scores)) if len(set(truth)) == 2 else float("nan")
