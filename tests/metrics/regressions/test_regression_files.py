"""What a regression eval's file may say, and what loading it does."""

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from arenas.competitors.models import Competitor
from arenas.suites.read_yaml import BadFile
from metrics.regressions.load import load_eval
from metrics.regressions.models import Promotion, RegressionEval
from metrics.regressions.promote import promote
from tests.factories import NOW, count_rows
from tests.metrics.regressions.nights import CRITERION, make_night, write_eval

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]


def test_a_file_becomes_an_eval(tmp_path):
    found = make_night(tmp_path, budget={"usd": 5, "votes": 400}, title="Night")
    assert (found.baseline.name, found.challenger.name, found.revision) == (
        "house-v3",
        "house-v4",
        1,
    )
    assert found.shape.criteria[0].name == "brightness.mean"
    assert found.shape.samples.baseline == 3


def test_an_unchanged_file_changes_nothing(tmp_path):
    make_night(tmp_path, schedule="0 3 * * *")
    before = count_rows()
    loaded = load_eval(tmp_path / "nightly.yaml", now=NOW)
    assert (loaded.is_new, loaded.changed, count_rows()) == (False, False, before)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"criteria": [{"measure": "brightness.mean"}]}, "either a margin or a target"),
        ({"criteria": [{"measure": "brightness.images", "margin": 1}]}, "neither more nor less"),
        ({"criteria": [{"measure": "brightness.gone", "margin": 1}]}, "known: mean"),
        ({"criteria": [{"measure": "blur.mean", "margin": 1}]}, "unknown check 'blur'"),
        ({"criteria": [{"measure": "speed", "margin": 1}]}, "unknown measure 'speed'"),
        ({"criteria": [{"measure": "brightness.mean", "margin": 255}]}, "cannot differ by so much"),
        ({"criteria": [{**CRITERION, "category": "odd"}]}, "known: fancy"),
        ({"criteria": [CRITERION, CRITERION]}, "is given twice"),
        ({"criteria": [{**CRITERION, "most": 4}]}, "above the margin"),
        ({"criteria": [{"measure": "text.cer", "margin": 0.1}]}, "for no prompt here"),
        ({"criteria": [{"measure": "human", "margin": 60}]}, "cannot differ by 60"),
        ({"samples": {"baseline": 2}}, "samples.baseline"),
        ({"schedule": "0 3 * *"}, "five fields"),
        ({"schedule": "0 25 * * *"}, "is no crontab"),
        ({"schedule": "0 3 * * *", "every": "6 h"}, "either `schedule` or `every`"),
        ({"suite": "gone"}, "no suite 'gone' is loaded"),
        ({"suite": None}, "a suite or tags"),
        ({"suite": None, "tags": ["none"]}, "no prompt has one of these tags"),
        ({"baseline": "nobody"}, "no competitor 'nobody'"),
        ({"series": "house"}, "either a challenger or a series"),
        ({"challenger": None, "series": "house"}, "no competitor is of the series"),
        ({"notify": {"webhook": ["ftp://x"]}}, "notify.webhook.0"),
        ({"error_rate": 0.5}, "error_rate"),
        ({"colour": "red"}, "unknown key"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, said, message):
    make_night(tmp_path)
    RegressionEval.objects.all().delete()
    with pytest.raises(BadFile, match=r"nightly\.yaml:\d+: ") as refused:
        load_eval(write_eval(tmp_path, **said), now=NOW)
    assert message in str(refused.value)
    assert not RegressionEval.objects.exists()


def test_the_wrong_criterion_is_named_by_its_own_line(tmp_path):
    make_night(tmp_path)
    path = write_eval(tmp_path, criteria=[CRITERION, {"measure": "blur.mean", "margin": 1}])
    line = path.read_text().splitlines().index("- measure: blur.mean") + 1
    with pytest.raises(BadFile, match=rf":{line}: unknown check"):
        load_eval(path, now=NOW)


def test_a_promoted_baseline_stays_until_the_file_names_another(tmp_path):
    found = make_night(tmp_path)
    better = Competitor.objects.get(name="house-v4")
    promote(found, better, by="alice", reason="it is better", now=NOW)
    changed = load_eval(write_eval(tmp_path, error_rate=0.02), now=NOW).evaluation
    assert changed.baseline.name == "house-v4"
    Competitor.objects.create(name="house-v2")
    named = load_eval(write_eval(tmp_path, baseline="house-v2"), now=NOW).evaluation
    assert named.baseline.name == "house-v2"
    assert [each.by for each in Promotion.objects.all()] == ["file", "alice"]


def test_staff_s_change_of_the_schedule_outlives_other_changes_of_the_file(tmp_path):
    found = make_night(tmp_path, schedule="0 3 * * *")
    noon, _ = CrontabSchedule.objects.get_or_create(minute="0", hour="12", timezone="UTC")
    PeriodicTask.objects.filter(pk=found.periodic_task.pk).update(crontab=noon)
    again = load_eval(
        write_eval(tmp_path, schedule="0 3 * * *", error_rate=0.02), now=NOW
    ).evaluation
    assert again.periodic_task.crontab.hour == "12"
    moved = load_eval(write_eval(tmp_path, every="6 h"), now=NOW).evaluation
    assert (moved.periodic_task.crontab, moved.periodic_task.interval.every) == (None, 360)


def test_a_schedule_that_goes_from_the_file_is_gone(tmp_path):
    make_night(tmp_path, every="6 h")
    found = load_eval(write_eval(tmp_path), now=NOW).evaluation
    found.refresh_from_db()
    assert found.periodic_task is None
    assert not PeriodicTask.objects.filter(task="metrics.tasks.fire_regression").exists()
