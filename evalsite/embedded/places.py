"""Where the private services keep their things, and who owns them."""

import json
import os
import pwd
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_ADDRESS = "http://127.0.0.1:8000"


class EmbeddedError(Exception):
    """The private services cannot be had; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user who runs the servers: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def find_owner() -> Owner | None:
    """The user to run servers as, or None for the present one."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError("as root, PostgreSQL needs a user named 'nobody' to run as") from None
    return Owner(nobody.pw_uid, nobody.pw_gid)


def find_state() -> Path:
    """The state folder, made where it does not exist."""
    state = Path(os.environ.get("EVALSITE_LOCAL") or ROOT / ".local").resolve()
    (state / "log").mkdir(parents=True, exist_ok=True)
    return state


def find_home(state: Path) -> Path:
    """The folder of the data: recorded, or the state folder, or one that `nobody` can enter."""
    recorded = read_record(state).get("home")
    if recorded and Path(recorded).is_dir():
        return Path(recorded)
    if os.geteuid() != 0 or is_open(state):
        return state
    # Not /var/tmp, where hosts delete what was not touched for a month.
    parent = next(path for path in (Path("/var/lib"), Path("/var/tmp")) if path.is_dir())
    return make_open_folder(parent)


def find_sockets(state: Path) -> Path:
    """The short folder of the sockets: the recorded one of a killed keeper, or a new one.

    The state folder's own path may be longer than the 104 bytes that a socket may have.
    The same folder again means that addresses handed out before are still right.
    """
    recorded = read_record(state).get("sockets")
    if recorded and is_ours(Path(recorded)):
        return Path(recorded)
    return make_open_folder(Path("/tmp"))


def make_open_folder(parent: Path) -> Path:
    """A new folder of ours; for root one that the servers' user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="evalsite-", dir=parent))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    return folder


def make_private_folder(folder: Path, owner: Owner | None) -> Path:
    """A folder that only the servers' user can enter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner:
        os.chown(folder, owner.uid, owner.gid)
    return folder


def is_open(path: Path) -> bool:
    """Whether every user can reach `path`."""
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def is_ours(folder: Path) -> bool:
    """Whether this is a folder, and nobody else's."""
    return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid()


def keep_secret(path: Path) -> str:
    """The secret kept in this file; a new random one where there is none."""
    if not path.exists():
        replace_file(path, secrets.token_urlsafe(48))
    return path.read_text()


def read_record(state: Path) -> dict[str, Any]:
    """What the last keeper wrote of itself: `pid`, `sockets` and `home`."""
    try:
        record: dict[str, Any] = json.loads((state / "embedded.json").read_text())
    except FileNotFoundError:
        return {}
    return record


def write_record(state: Path, **record: object) -> None:
    replace_file(state / "embedded.json", json.dumps(record) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)


def write_own_address(address: str) -> None:
    """Note where the site of this state folder answers, for commands that print links."""
    (find_state() / "site_url").write_text(address)


def read_own_address() -> str:
    """Where the site answered last, or where it does by default."""
    noted = Path(os.environ.get("EVALSITE_LOCAL") or ROOT / ".local") / "site_url"
    try:
        return noted.read_text() or DEFAULT_ADDRESS
    except OSError:
        return DEFAULT_ADDRESS
