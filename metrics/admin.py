"""The back office of what metrics keeps. Schedules are edited among the periodic tasks."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from arenas.admin import ReadOnly
from metrics.models import ApiToken, Notice, Promotion, RegressionEval, Run

for model in (Notice, Promotion, Run):
    admin.site.register(model, ReadOnly)


class Changeable(ReadOnly):
    """Rows of which one field may be changed."""

    changeable: str

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = [field.name for field in self.opts.fields]
        return [name for name in names if name != self.changeable]


@admin.register(RegressionEval)
class RegressionEvalAdmin(Changeable):
    changeable = "active"
    list_display = ("name", "baseline", "challenger", "series", "active", "periodic_task")


@admin.register(ApiToken)
class ApiTokenAdmin(Changeable):
    """A token is taken back by the time from which it does not hold any more."""

    changeable = "revoked_at"
    exclude = ("token_hash",)
    list_display = ("name", "user", "created_at", "revoked_at")
