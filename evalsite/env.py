"""Every variable that the site reads from the environment, with its type and default.

A secret is also read from the file named by `NAME_FILE`. With no environment at all the
site runs on this machine alone, on private services (see `evalsite.embedded`).
"""

from pathlib import Path
from typing import Any

import environ

ROOT = Path(__file__).resolve().parent.parent

VARIABLES: dict[str, tuple[type, Any]] = {
    "DATABASE_URL": (str, ""),
    "REDIS_URL": (str, ""),
    "SECRET_KEY": (str, ""),
    "ALLOWED_HOSTS": (list, ["localhost", "127.0.0.1", "[::1]"]),
    "SITE_URL": (str, ""),
    "DEBUG": (bool, False),
    "LOG_LEVEL": (str, "INFO"),
    # Media: a folder, or an S3-compatible bucket when one is named.
    "MEDIA_ROOT": (str, str(ROOT / ".local" / "media")),
    "S3_BUCKET": (str, ""),
    "S3_ENDPOINT_URL": (str, ""),
    "S3_REGION": (str, ""),
    "S3_ACCESS_KEY_ID": (str, ""),
    "S3_SECRET_ACCESS_KEY": (str, ""),
    # Generation: keys and addresses of services are read where they are used, by the providers.
    "GEMINI_API_KEY": (str, ""),
    "GOOGLE_API_KEY": (str, ""),
    "GEMINI_BASE_URL": (str, ""),
    "GOOGLE_CLOUD_PROJECT": (str, ""),
    "GOOGLE_CLOUD_LOCATION": (str, ""),
    "IMAGEN_BASE_URL": (str, ""),
    "OPENAI_API_KEY": (str, ""),
    "OPENAI_BASE_URL": (str, ""),
    # Messages about regression evals. Without a host, mail is written to the log.
    "EMAIL_HOST": (str, ""),
    "EMAIL_PORT": (int, 587),
    "EMAIL_HOST_USER": (str, ""),
    "EMAIL_HOST_PASSWORD": (str, ""),
    "EMAIL_USE_TLS": (bool, True),
    "EMAIL_USE_SSL": (bool, False),
    "EMAIL_FROM": (str, "evalsite@localhost"),
    "WEBHOOK_SECRET": (str, ""),
    "WEBHOOK_ALLOW_PRIVATE": (bool, False),
    # Limits for all workers together: calls under way (gemini=64,openai=16), and calls a minute
    # (gemini=300,gemini/gemini-3-pro-image=20).
    "CONCURRENCY": (dict, {}),
    "RATE_LIMITS": (dict, {}),
    # What `make demo` may spend on real models, which join it where there is a key for them.
    "DEMO_BUDGET_USD": (str, "1"),
    # For one try at a candidate, all its turns included.
    "CALL_SECONDS": (float, 180.0),
    # How soon lost work is found again, in seconds.
    "LEASE_SECONDS": (int, 10),
    "SWEEP_SECONDS": (int, 10),
    "REFRESH_SECONDS": (int, 5),
}

# environ reads NAME_FILE for every NAME, which is how container secrets arrive.
env = environ.FileAwareEnv(**VARIABLES)
