"""The back office. What must not change is read-only here too."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from arenas.models import (
    Arena,
    Attempt,
    Ballot,
    BatchJob,
    Battle,
    Block,
    Candidate,
    Competitor,
    Entry,
    Flag,
    GenerationRun,
    Image,
    Import,
    Invitation,
    PairPlan,
    Part,
    Prompt,
    PromptSuite,
    Question,
    Rater,
    Registration,
    ServicePause,
    SuiteVersion,
    Vote,
)
from arenas.views.account import StaffForm

admin.site.login_form = StaffForm


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Rows that only the code writes."""

    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


for model in (
    Arena, Attempt, Ballot, BatchJob, Battle, Block, Candidate, Competitor, Entry, Flag,
    GenerationRun, Image, Import, Invitation, PairPlan, Part, Prompt, PromptSuite, Question, Rater,
    Registration, ServicePause, SuiteVersion, Vote,
):  # fmt: skip
    admin.site.register(model, ReadOnly)
