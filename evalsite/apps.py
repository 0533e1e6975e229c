import os

from django.apps import AppConfig


class EvalsiteConfig(AppConfig):
    name = "evalsite"

    def ready(self) -> None:
        """Let commands and pages send tasks through the site's own Celery application."""
        if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
            # Importing it where no services are known would start them, which a type checker
            # or `collectstatic` must not do.
            from evalsite.celery import app  # noqa: PLC0415

            app.set_default()
