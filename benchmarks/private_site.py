"""The site on a database of its own, for benchmarks that need one."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django
from django.core.management import call_command

from evalsite.embedded import provide


def start_private_site(*, fast: bool = True) -> None:
    """Django with private services, migrated; all of it is gone when this process ends.

    A `fast` database does not wait for the disk, which a site in earnest does.
    """
    folder = Path(tempfile.mkdtemp(prefix="evalsite-bench-"))
    folder.chmod(0o711)  # the server's own user must be able to pass
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ.update(
        EVALSITE_LOCAL=str(folder),
        EVALSITE_LOCAL_FAST="1" if fast else "",
        MEDIA_ROOT=str(folder / "media"),
        SECRET_KEY="for-a-benchmark-only",
        DJANGO_SETTINGS_MODULE="evalsite.settings",
    )
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    provide()
    django.setup()
    call_command("migrate", verbosity=0)
