"""The API: one OpenAPI description of what the parts offer."""

from django.conf import settings
from ninja import NinjaAPI

from arenas.api.arenas import router as arenas
from metrics.api.checks import router as checks
from metrics.api.leaderboards import router as leaderboards

api = NinjaAPI(
    title="Evalsite",
    version=settings.VERSION,
    description="Read-only: arenas, prompts, leaderboards, and for staff the raw data.",
    docs_url="/docs",
    openapi_url="/v1/openapi.json",
)
api.add_router("/v1", arenas)
api.add_router("/v1", leaderboards)
api.add_router("/v1", checks)
