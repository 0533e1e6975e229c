"""The API: one OpenAPI description of what the parts offer."""

from django.conf import settings
from ninja import NinjaAPI

from arenas.api.arenas import router as arenas
from metrics.api.checks import router as checks
from metrics.api.leaderboards import router as leaderboards
from metrics.api.regressions import router as regressions
from metrics.api.series import router as series

api = NinjaAPI(
    title="Evalsite",
    version=settings.VERSION,
    description=(
        "Arenas, prompts, leaderboards, and for staff the raw data and regression evals, whose "
        "runs can be started here. Staff: a session, or `Authorization: Bearer TOKEN`."
    ),
    docs_url="/docs",
    openapi_url="/v1/openapi.json",
)
api.add_router("/v1", arenas)
api.add_router("/v1", leaderboards)
api.add_router("/v1", checks)
api.add_router("/v1", regressions)
api.add_router("/v1", series)
