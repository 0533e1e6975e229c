"""The staff pages of regression evals."""

import json
from datetime import timedelta

import pytest
import yaml
from django.utils import timezone

from arenas.candidates.models import Candidate, Part
from metrics.regressions.models import Promotion, RegressionEval, Run
from metrics.regressions.unsteady import find_unsteady
from metrics.regressions.upcoming import find_instant_after, find_next
from metrics.results.models import CheckResult
from tests.factories import NOW, make_image
from tests.metrics.regressions.asking import ask, vote
from tests.metrics.regressions.nights import answer, begin, make_night, prove, settle, shift
from tests.pages import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
LIST = "/workbench/evals/"
EVAL = f"{LIST}nightly/"
RUN = f"{EVAL}runs/1/"


def run_night(evaluation, value, **fields):
    run = begin(evaluation)
    answer(run, value, **fields)
    return settle(run)


def fail_night(folder, **settings):
    """A run in which p19 is worst, with pictures of it that have a box each."""
    evaluation = make_night(folder, **settings)
    prove()
    run = run_night(evaluation, lambda n, who, sample: 100.0 - (20 + n) * (who == "house-v4"))
    box = {"picture": "image:0", "label": "dark", "left": 1, "top": 2, "right": 30, "bottom": 40}
    for row in Candidate.objects.filter(prompt__key="p19"):
        Part.objects.create(candidate=row, position=0, image=make_image(f"#0000{row.pk % 256:02x}"))
    CheckResult.objects.update(evidence=[box])
    return run


@pytest.mark.parametrize(
    "path", [LIST, EVAL, RUN, f"{RUN}report.json", "/workbench/plan/"]
)  # fmt: skip
def test_they_are_for_staff(client, tmp_path, path):
    run_night(make_night(tmp_path, prompts=1), shift(0))
    assert client.get(path).status_code == 302


def test_an_empty_list_says_how_to_begin(staff_client):
    page = text(staff_client.get(LIST))
    assert "manage.py load_eval FILE" in page
    assert "<textarea" in page


def test_the_list_says_how_each_went_and_when_it_runs_next(staff_client, tmp_path):
    evaluation = make_night(tmp_path, schedule="0 3 * * *", title="Every night <3")
    prove()
    run_night(evaluation, shift(0))
    begin(evaluation)
    page = text(staff_client.get(LIST))
    assert "Every night &lt;3" in page
    assert '<span class="tag good nowrap">pass</span>' in page
    assert '<span class="tag  nowrap">Generating</span>' in page
    assert f"{find_next(evaluation, now=timezone.now()):%-d %b %Y, 03:00}" in page


def test_a_failed_run_shows_why_and_the_worst_pictures_with_evidence(staff_client, tmp_path):
    run = fail_night(tmp_path)
    page = text(staff_client.get(RUN))
    assert "<h1>Fail</h1>" in page
    assert "brightness.mean failed." in page
    assert run.report["criteria"][0]["sentence"] in page
    worst = page[page.index("Worst of brightness.mean") :]
    assert worst.index(">p19</a>") < worst.index(">p18</a>")
    assert worst.count("<rect ") == 2  # one box on each side's picture
    assert "(other samples: 100, 100)" in worst
    assert ">61</span>" in worst
    assert '<a href="/checks/brightness/">may gate</a>' in page


def test_a_refusal_is_shown_by_its_reason(staff_client, tmp_path):
    criteria = [{"measure": "refusal_rate", "margin": 2.0}]
    evaluation = make_night(tmp_path, prompts=3, criteria=criteria)
    run = begin(evaluation)
    refused = Candidate.objects.filter(competitor__name="house-v4", prompt__key="p1")
    refused.update(status="refused_prompt", reason="not allowed", finished_at=NOW)
    answer(run, shift(0))
    settle(run)
    page = text(staff_client.get(RUN))
    assert "not allowed" in page[page.index("Worst of refusal_rate") :]


def test_the_report_comes_as_json_junit_and_markdown(staff_client, tmp_path):
    run = fail_night(tmp_path)
    files = {form: staff_client.get(f"{RUN}report.{form}") for form in ("json", "xml", "md")}
    assert json.loads(text(files["json"])) == run.report
    assert 'failures="1"' in text(files["xml"])
    assert "/workbench/evals/nightly/runs/1/)" in text(files["md"])
    assert files["xml"]["Content-Disposition"] == 'attachment; filename="nightly-1.xml"'
    assert staff_client.get(f"{RUN}report.pdf").status_code == 404


def test_people_are_followed_with_the_link_for_raters(staff_client, tmp_path):
    run = ask(tmp_path, prompts=6)
    vote(run, 2, None)
    page = text(staff_client.get(RUN))
    assert "<h1>People are voting</h1>" in page
    assert "<b>2</b> of up to <b>400</b> votes" in page
    assert f"/arenas/{run.arena.slug}/vote/</a>" in page
    part = staff_client.get(f"{RUN}?state=voting", headers={"HX-Request": "true"})
    assert text(part).lstrip().startswith("<section")
    moved = staff_client.get(f"{RUN}?state=checking", headers={"HX-Request": "true"})
    assert moved["HX-Refresh"] == "true"


def test_how_many_check_results_are_missing_is_said(staff_client, tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    answer(run, shift(0))
    CheckResult.objects.filter(candidate__competitor=run.challenger).delete()
    Run.objects.filter(pk=run.pk).update(state="checking")
    assert "<b>2</b> check results are still to come." in text(staff_client.get(RUN))


def test_an_undecided_run_that_nobody_can_vote_on_does_not_call_for_people(staff_client, tmp_path):
    criteria = [{"measure": "refusal_rate", "margin": 2.0}]
    run_night(make_night(tmp_path, criteria=criteria), shift(0))
    assert "<h1>Undecided</h1>" in text(staff_client.get(RUN))


def test_a_run_without_anything_yet_and_one_that_failed_have_pages(staff_client, tmp_path):
    evaluation = make_night(tmp_path, prompts=1)
    run = begin(evaluation)
    assert "Making pictures" in text(staff_client.get(RUN))
    Run.objects.filter(pk=run.pk).update(state="failed", error="no <price> is known")
    page = text(staff_client.get(RUN))
    assert "Could not be run" in page
    assert "No &lt;price&gt; is known." in page
    assert staff_client.get(f"{RUN}report.json").status_code == 404


def test_a_run_is_started_and_cancelled_by_button(staff_client, tmp_path, monkeypatch):
    monkeypatch.setattr("metrics.views.regressions.sweep_soon", lambda: None)
    make_night(tmp_path, prompts=1)
    for _ in range(2):  # the second time it goes on
        answered = staff_client.post(f"{EVAL}start/")
        assert answered["Location"] == RUN
    assert (Run.objects.get().trigger, Run.objects.get().started_by) == ("page", "alice")
    staff_client.post(f"{RUN}cancel/")
    assert (Run.objects.get().state, Run.objects.get().reason) == (
        "cancelled", "cancelled by alice",
    )  # fmt: skip


def test_the_trend_marks_thresholds_drift_and_other_baselines(staff_client, tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    first = run_night(evaluation, shift(0))
    for number, mean in ((2, 1.0), (3, -4.0)):
        [row] = first.report["criteria"]
        row = {**row, "mean": mean, "drift": {"alarm": number == 3, "since": 2}}
        Run.objects.create(
            eval=evaluation, number=number, trigger="command", definition=first.definition,
            baseline=first.challenger if number == 3 else first.baseline,
            challenger=first.challenger, state="decided", outcome="pass",
            report={**first.report, "criteria": [row]}, started_at=NOW, decided_at=NOW,
        )  # fmt: skip
    page = text(staff_client.get(EVAL))
    plot = page[page.index('<figure class="trend">') : page.index("</figure>")]
    assert plot.count("<circle") == 3
    assert plot.count('class="change"') == 1
    assert 'class="limit"' in plot
    assert 'class="drift"' in plot
    assert "worse since run 2" in plot


def test_a_challenger_is_blessed_with_a_reason_that_is_kept(staff_client, tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    run_night(evaluation, shift(0))
    staff_client.post(f"{EVAL}bless/", {"run": 1, "reason": ""})
    assert not Promotion.objects.exists()
    staff_client.post(f"{EVAL}bless/", {"run": 1, "reason": "A week of <passes>."})
    promotion = Promotion.objects.get()
    assert (promotion.by, promotion.after.name, promotion.run.number) == ("alice", "house-v4", 1)
    page = text(staff_client.get(EVAL))
    assert "A week of &lt;passes&gt;." in page
    assert "It is <b>house-v4</b>" in page


def edit(staff_client, definition, revision=1, path=f"{EVAL}edit/"):
    written = definition if isinstance(definition, str) else yaml.safe_dump(definition)
    return staff_client.post(path, {"text": written, "revision": revision})


def test_an_edit_saves_a_new_revision(staff_client, tmp_path):
    evaluation = make_night(tmp_path)
    changed = {**evaluation.definition, "error_rate": 0.02}
    assert edit(staff_client, changed).status_code == 302
    evaluation.refresh_from_db()
    assert (evaluation.revision, evaluation.shape.error_rate) == (2, 0.02)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"criteria": [{"measure": "brightness.mean"}]}, "line 4: criteria.0: a criterion has"),
        ({"baseline": "nobody"}, "line 1: "),
        ({"name": "other"}, "is another eval"),
        ({"speed": 3}, "speed: unknown key"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_key_and_nothing_changes(
    staff_client, tmp_path, change, said
):
    evaluation = make_night(tmp_path)
    answered = edit(staff_client, {**evaluation.definition, **change})
    assert answered.status_code == 400
    page = text(answered)
    assert said in page.replace("&#x27;", "'")
    assert "/tmp" not in page
    assert RegressionEval.objects.get().revision == 1


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(staff_client, tmp_path):
    evaluation = make_night(tmp_path)
    edit(staff_client, {**evaluation.definition, "error_rate": 0.02})
    answered = edit(staff_client, {**evaluation.definition, "error_rate": 0.03})
    assert "revision 2 was saved meanwhile" in text(answered)
    assert RegressionEval.objects.get().shape.error_rate == 0.02


def test_an_eval_is_added_on_the_list(staff_client, tmp_path):
    evaluation = make_night(tmp_path)
    new = {**evaluation.definition, "name": "weekly"}
    assert edit(staff_client, new, path=LIST)["Location"] == f"{LIST}weekly/"
    assert edit(staff_client, "- no", path=LIST).status_code == 400
    assert "there is a regression eval" in text(edit(staff_client, new, path=LIST))


def test_the_webhooks_secret_is_shown_where_there_are_webhooks(staff_client, tmp_path, settings):
    settings.WEBHOOK_SECRET = "between us"
    make_night(tmp_path)
    assert "between us" not in text(staff_client.get(EVAL))
    make_night(tmp_path, notify={"webhook": ["https://e.org/hook"]})
    assert "between us" in text(staff_client.get(EVAL))


def test_prompts_whose_baseline_samples_disagree_are_told(tmp_path):
    evaluation = make_night(tmp_path)
    run = run_night(evaluation, lambda n, who, sample: 100.0 + 10 * (n == 3) * sample)
    [found] = find_unsteady(run)
    assert (found.prompt, found.values, found.times) == ("p3", (100.0, 110.0, 120.0), 2.5)


def test_the_next_firing_follows_from_the_schedule(tmp_path):
    evaluation = make_night(tmp_path, schedule="30 3 * * 1")
    monday = NOW.replace(day=2, hour=3, minute=30)
    assert find_next(evaluation, now=NOW) == monday
    assert find_next(evaluation, now=monday) == monday + timedelta(days=7)
    evaluation = make_night(tmp_path, every="6 h")
    assert find_instant_after(evaluation.periodic_task, NOW) == NOW + timedelta(hours=6)
    evaluation.active = False
    assert find_next(evaluation, now=NOW) is None
