"""The one settings file: everything that differs between places comes from the environment."""

import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from evalsite.embedded.places import read_own_address
from evalsite.env import ROOT, env
from evalsite.logs import hide_secrets

DEBUG: bool = env("DEBUG")
TESTING = "pytest" in sys.modules
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SITE_URL: str = (env("SITE_URL") or read_own_address()).rstrip("/")
HTTPS = urlsplit(SITE_URL).scheme == "https"

# --- Secrets and hosts. A missing production secret is a refusal to start.
SECRET_KEY: str = env("SECRET_KEY")
if not SECRET_KEY:
    if env("DATABASE_URL") and not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set: set it, or SECRET_KEY_FILE")
    SECRET_KEY = "only-for-commands-that-need-no-services"
# The health check of a container asks by its own address.
ALLOWED_HOSTS: list[str] = [*env("ALLOWED_HOSTS"), "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# --- Parts
ROOT_URLCONF = "evalsite.urls"
WSGI_APPLICATION = "evalsite.wsgi.application"
INSTALLED_APPS = [
    "evalsite",
    "metrics",
    "arenas",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_celery_beat",
    "ninja",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "evalsite.middleware.Utf8Forms",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "evalsite" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


# --- Database: PostgreSQL only. The URL is libpq's own, sockets and options included.
def read_database_url(url: str) -> dict[str, Any]:
    """Django's settings for a libpq connection URL."""
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "evalsite.postgresql",
        "NAME": parts.pop("dbname", "evalsite"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        # The few statements that are not written anew each time (`arenas/prepare.py`) are planned
        # once for each connection, from their third time on.
        "OPTIONS": {"prepare_threshold": 2, **parts},
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": read_database_url(env("DATABASE_URL") or "postgresql:///evalsite")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery: the database is the truth about jobs; the broker carries ids only.
REDIS_URL: str = env("REDIS_URL") or "redis://127.0.0.1:6379/0"


def read_broker_url(url: str) -> str:
    """Celery's spelling of a broker URL: its sockets have another scheme than the client's."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = parts.query.removeprefix("db=") or "0"
    return f"redis+socket://{parts.path}?virtual_host={database}"


CELERY_BROKER_URL = read_broker_url(REDIS_URL)
CELERY_TIMEZONE = "UTC"
# Keeps its schedules in the database, where staff edit those of regression evals.
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CALL_SECONDS: float = env("CALL_SECONDS")
LEASE_SECONDS: int = env("LEASE_SECONDS")
SWEEP_SECONDS: int = env("SWEEP_SECONDS")
REFRESH_SECONDS: int = env("REFRESH_SECONDS")
# How long a process shows what it read of an arena before it looks for news. Tests look always.
STOCK_SECONDS: int = 0 if TESTING else REFRESH_SECONDS


def read_limits(name: str) -> dict[str, float]:
    """A variable that gives names positive numbers. Raises ImproperlyConfigured otherwise."""
    try:
        limits = {key: float(value) for key, value in env(name).items()}
        if all(0 < limit < float("inf") for limit in limits.values()):
            return limits
    except ValueError:
        pass
    raise ImproperlyConfigured(f"{name} must be positive numbers by name, as in gemini=60")


RATE_LIMITS = read_limits("RATE_LIMITS")
CONCURRENCY = {name: max(1, int(limit)) for name, limit in read_limits("CONCURRENCY").items()}

# --- Media and static files
MEDIA_ROOT = Path(env("MEDIA_ROOT"))
STATIC_URL = "static/"
STATIC_ROOT = ROOT / ".local" / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns about a folder that is missing
# Hashed names and gzip once `collectstatic` has run; straight from the sources until then.
COLLECTED = (STATIC_ROOT / "staticfiles.json").exists() and not (DEBUG or TESTING)
WHITENOISE_USE_FINDERS = not COLLECTED
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if COLLECTED or "collectstatic" in sys.argv:
    STORAGES["staticfiles"]["BACKEND"] = "whitenoise.storage.CompressedManifestStaticFilesStorage"
if env("S3_BUCKET"):
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env("S3_BUCKET"),
            "endpoint_url": env("S3_ENDPOINT_URL") or None,
            "region_name": env("S3_REGION") or None,
            "access_key": env("S3_ACCESS_KEY_ID") or None,
            "secret_key": env("S3_SECRET_ACCESS_KEY") or None,
            "file_overwrite": True,
            "default_acl": None,
        },
    }

# --- Messages about regression evals
EMAIL_HOST: str = env("EMAIL_HOST")
EMAIL_PORT: int = env("EMAIL_PORT")
EMAIL_HOST_USER: str = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD: str = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_SSL: bool = env("EMAIL_USE_SSL")
EMAIL_USE_TLS: bool = env("EMAIL_USE_TLS") and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = env("EMAIL_FROM")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
# What receivers of webhooks hold messages against; if empty, one that follows from SECRET_KEY.
WEBHOOK_SECRET: str = env("WEBHOOK_SECRET")
WEBHOOK_ALLOW_PRIVATE: bool = env("WEBHOOK_ALLOW_PRIVATE")

# --- Language and time
LANGUAGE_CODE = "en-gb"
# What raters' pages are written in; the others are English.
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "arenas" / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Security
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "form-action": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
CSRF_FAILURE_VIEW = "evalsite.views.show_csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
LOGIN_URL = "/admin/login/"

hide_secrets()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL")},
    # The answer to a request says what was wrong; the log keeps to what an operator must see,
    # and nobody outside can fill it with malformed requests.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
        # A line for each call of a model would bury everything else.
        "httpx2": {"level": "WARNING"},
    },
}
