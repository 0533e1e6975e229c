"""Gold is made from an arena's own candidates, and its right answers are no matter of taste."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db.models import Q
from PIL import Image as Pillow

from arenas.battles.models import Gold
from arenas.candidates.models import Part
from arenas.definitions.models import Arena, Question
from arenas.images.models import Image, Rendition
from arenas.images.store import read_bytes, store_image
from arenas.quality import gold as making
from arenas.quality.gold import make_missing
from arenas.quality.spoil import copy_image, scramble, spoil_image
from arenas.quality.tasks import make_gold
from arenas.suites.models import PromptReference
from tests import factories

pytestmark = pytest.mark.django_db
KINDS = Gold.Kind


def make(most: int = 200) -> int:
    return make_missing(most=most, rng=np.random.default_rng(1))


def make_arena(folder: Path, prompts: int = 3, **voting: Any) -> Arena:
    return factories.make_world(folder, prompts, voting_settings=voting)


def count_kinds() -> Counter[str]:
    return Counter(Gold.objects.values_list("kind", flat=True))


def test_nothing_is_made_where_nothing_is_asked_for(world: Arena) -> None:
    assert make() == Gold.objects.count() == 0


def test_gold_is_made_of_every_objective_kind(tmp_path: Path) -> None:
    make_arena(tmp_path, gold_share=0.1)
    make()
    assert count_kinds() == {"identical": 9, "wrong_prompt": 9, "corrupted": 9}


def test_practice_needs_gold_too(tmp_path: Path) -> None:
    make_arena(tmp_path, practice=2)
    make()
    assert set(count_kinds()) == {"identical", "wrong_prompt", "corrupted"}


def test_attention_checks_are_instructions(tmp_path: Path) -> None:
    make_arena(tmp_path, attention_share=0.1)
    make()
    assert set(count_kinds()) == {"instructed"}


def test_no_tie_is_the_right_answer_where_there_is_none(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, gold_share=0.1)
    Arena.objects.filter(pk=arena.pk).update(outcomes=["model_a", "model_b"])
    make()
    assert set(count_kinds()) == {"wrong_prompt", "corrupted"}


def test_making_again_makes_nothing(tmp_path: Path) -> None:
    make_arena(tmp_path, gold_share=0.1, attention_share=0.1)
    make()
    before = factories.count_rows()
    assert make() == 0
    assert factories.count_rows() == before


def test_enough_is_enough_and_spread_over_prompts_and_competitors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "WANTED", 6)
    make_arena(tmp_path, prompts=6, attention_share=0.1)
    make()
    found = list(Gold.objects.all())
    assert len(found) == 6
    assert max(Counter(gold.prompt_id for gold in found).values()) == 1
    assert set(Counter(gold.good.competitor_id for gold in found).values()) == {2}


def test_one_run_makes_so_many_and_the_next_goes_on(tmp_path: Path) -> None:
    make_arena(tmp_path, attention_share=0.1)
    assert [make(most=5), make(most=5), make(most=5)] == [5, 4, 0]


def test_what_left_the_arena_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "WANTED", 3)
    arena = make_arena(tmp_path, attention_share=0.1)
    make()
    gone = Gold.objects.all()[0].good.competitor
    arena.entries.filter(competitor=gone).update(withdrawn_at=factories.NOW)
    broken = Gold.objects.filter(Q(good__competitor=gone) | Q(other__competitor=gone)).count()
    assert make() == broken


def test_the_wrong_prompts_picture_is_the_same_competitors_from_another_category(
    tmp_path: Path,
) -> None:
    make_arena(tmp_path, prompts=4, gold_share=0.1)
    make()
    for gold in Gold.objects.filter(kind=KINDS.WRONG_PROMPT):
        assert gold.other
        assert gold.other.competitor == gold.good.competitor
        assert gold.other.prompt.category != gold.prompt.category


def test_prompts_with_a_common_reference_are_not_wrong_for_each_other(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, prompts=3, gold_share=0.1)
    for prompt in arena.prompts():
        PromptReference.objects.create(
            prompt=prompt, position=0, key="r", role="subject", image=factories.make_image("blue")
        )
    make()
    assert count_kinds()[KINDS.WRONG_PROMPT] == 0


def test_an_instruction_is_on_two_competitors_work_for_the_prompt(tmp_path: Path) -> None:
    make_arena(tmp_path, attention_share=0.1)
    make()
    for gold in Gold.objects.all():
        assert gold.other
        assert gold.other.prompt == gold.good.prompt == gold.prompt
        assert gold.other.competitor != gold.good.competitor


def test_where_only_single_pictures_are_asked_about_there_is_no_gold(tmp_path: Path) -> None:
    make_arena(tmp_path, gold_share=0.1, attention_share=0.1)
    options = [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]
    Question.objects.update(form="each", options=options)
    assert make() == 0


def test_what_cannot_be_opened_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_arena(tmp_path, gold_share=0.1)
    part = Part.objects.all()[0]
    Part.objects.filter(pk=part.pk).update(image=Image.objects.create(
        sha256="0" * 64, mime="image/png", width=9, height=9, size=9
    ))  # fmt: skip
    Rendition.objects.create(
        image=Image.objects.get(sha256="0" * 64),
        profile=Arena.objects.get().profile,
        sha256="1" * 64,
    )
    make()
    assert "no gold from candidate" in caplog.text
    assert count_kinds() == {"identical": 8, "wrong_prompt": 9, "corrupted": 8}


def test_stand_ins_are_rendered_as_raters_see_them(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, gold_share=0.1)
    make()
    for gold in Gold.objects.exclude(spoilt=None):
        rendition = Rendition.objects.get(image=gold.spoilt, profile=arena.profile)
        assert len(read_bytes(rendition.path)) == arena.profile.size


def read(image: Image) -> Any:
    return np.asarray(Pillow.open(io.BytesIO(read_bytes(image.path))), dtype=int)


def store_gradient(width: int = 90, height: int = 50) -> Image:
    gradient = np.linspace(0, 255, width * height * 3).reshape(height, width, 3)
    return store_image(factories.encode(Pillow.fromarray(gradient.astype(np.uint8)), "PNG"))


def test_a_copy_differs_in_its_bytes_and_in_nothing_that_anybody_sees(world: Arena) -> None:
    image = store_gradient(60, 40)
    copied = copy_image(image, world.profile, np.random.default_rng(1))
    assert copied.sha256 != image.sha256
    assert np.abs(read(copied) - read(image)).max() == 1


def test_a_spoilt_picture_is_as_large_as_the_good_one_is_shown(world: Arena) -> None:
    spoilt = spoil_image(store_gradient(90, 50), world.profile, np.random.default_rng(1))
    assert (spoilt.width, spoilt.height) == (64, 36)


@pytest.mark.parametrize("size", [(64, 64), (7, 3), (1, 1), (101, 53)])
def test_a_spoilt_picture_is_spoilt_all_over(size: tuple[int, int]) -> None:
    plain = np.full((*size, 3), 100, dtype=np.uint8)
    spoilt = [scramble(plain, np.random.default_rng(seed)) for seed in range(8)]
    changed = np.mean([(each != plain).any(axis=2).mean() for each in spoilt])
    assert spoilt[0].shape == plain.shape
    assert 0.2 < changed < 0.65


def test_the_task_makes_what_is_missing(tmp_path: Path) -> None:
    make_arena(tmp_path, attention_share=0.1)
    make_gold()
    assert count_kinds() == {"instructed": 9}
