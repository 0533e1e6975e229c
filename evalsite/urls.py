from django.contrib import admin
from django.urls import path, re_path
from django.views.i18n import set_language

from arenas.views import (
    account,
    blindness,
    home,
    images,
    judges,
    mine,
    raters,
    runs,
    start,
    vote,
    votes,
    workbench,
)
from evalsite import views
from evalsite.api import api
from metrics.views import (
    arena_checks,
    checks,
    compare,
    leaderboard,
    prompts,
    regression_plan,
    regression_run,
    regressions,
    series,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("join/<str:token>/", vote.join_by_link, name="join"),
    path("arenas/<slug:slug>/", prompts.arena, name="arena"),
    path("checks/", checks.checks, name="checks"),
    path("checks/<path:name>/", checks.check, name="check"),
    path("language/", set_language, name="set_language"),
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", account.Logout.as_view(), name="logout"),
    path("me/", mine.mine, name="mine"),
    path("me/votes.json", mine.votes, name="my_votes"),
    path("arenas/<slug:slug>/start/", start.start, name="start"),
    path("arenas/<slug:slug>/vote/", vote.vote, name="vote"),
    path("arenas/<slug:slug>/leaderboard/", leaderboard.leaderboard, name="leaderboard"),
    path("arenas/<slug:slug>/compare/", compare.start, name="compare_start"),
    path("arenas/<slug:slug>/compare/<path:pair>/", compare.comparison, name="compare"),
    path("arenas/<slug:slug>/blindness/", blindness.blindness, name="blindness"),
    path("arenas/<slug:slug>/guide/", compare.guide, name="guide"),
    path("arenas/<slug:slug>/prompts/<int:pk>/", prompts.prompt, name="prompt"),
    path("arenas/<slug:slug>/candidates/<int:pk>/", prompts.candidate, name="candidate"),
    path("arenas/<slug:slug>/checks/<slug:name>/", arena_checks.arena_check, name="arena_check"),
    re_path(r"^images/(?P<sha256>[0-9a-f]{64})$", images.show_rendition, name="image"),
    re_path(r"^originals/(?P<sha256>[0-9a-f]{64})$", images.show_original, name="original"),
    path("workbench/", workbench.workbench, name="workbench"),
    path("workbench/arenas/<slug:slug>/", workbench.workbench_arena, name="workbench_arena"),
    path("workbench/arenas/<slug:slug>/runs/", runs.arena_runs, name="runs"),
    path("workbench/series/<path:name>/", series.series, name="series"),
    path("workbench/runs/<int:pk>/", runs.run, name="run"),
    path("workbench/runs/<int:pk>/cancel/", runs.cancel, name="cancel_run"),
    path("workbench/runs/<int:pk>/pauses/<int:pause>/", runs.try_now, name="try_now"),
    path("workbench/arenas/<slug:slug>/judges/", judges.judges, name="judges"),
    path("workbench/arenas/<slug:slug>/votes/", votes.votes, name="votes"),
    path("workbench/arenas/<slug:slug>/raters/", raters.raters, name="raters"),
    path("workbench/arenas/<slug:slug>/raters/<str:key>/", raters.rater, name="rater"),
    path("workbench/arenas/<slug:slug>/checks.<slug:format_name>", arena_checks.export),
    path(
        "workbench/arenas/<slug:slug>/<slug:what>.<slug:format_name>",
        workbench.export,
        name="export",
    ),
    path("workbench/plan/", regression_plan.plan_page, name="plan"),
    path("workbench/evals/", regressions.evals, name="regressions"),
    path("workbench/evals/<slug:name>/", regressions.evaluation, name="regression_eval"),
    path("workbench/evals/<slug:name>/start/", regressions.start, name="regression_start"),
    path("workbench/evals/<slug:name>/edit/", regressions.edit, name="regression_edit"),
    path("workbench/evals/<slug:name>/bless/", regressions.bless, name="regression_bless"),
    path(
        "workbench/evals/<slug:name>/runs/<int:number>/",
        regression_run.run,
        name="regression_run",
    ),
    path(
        "workbench/evals/<slug:name>/runs/<int:number>/cancel/",
        regression_run.cancel_run,
        name="regression_cancel",
    ),
    path(
        "workbench/evals/<slug:name>/runs/<int:number>/report.<slug:form>",
        regression_run.download,
        name="regression_report",
    ),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("robots.txt", views.robots),
    path("favicon.ico", views.favicon),
]
handler400 = "evalsite.views.bad_request"
handler403 = "evalsite.views.forbidden"
handler404 = "evalsite.views.not_found"
handler500 = "evalsite.views.server_error"
