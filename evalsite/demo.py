"""What the demo is made of: its files, its staff login, its links."""

import base64
import hashlib
import hmac

from django.conf import settings
from django.contrib.auth import get_user_model

from arenas.votes.simulate import World
from evalsite.env import ROOT

SUITES = [ROOT / "fixtures" / "suites" / "capabilities.yaml"]
ARENAS = [ROOT / "fixtures" / "arenas" / "demo.yaml"]
SLUG = "demo"
STAFF = "admin"
VOTES = 2400
RATERS = 24

# How good simulated raters find each competitor, in Elo: by its stated defects, not by looking.
WORLD = World(
    quality={
        "procedural-clean": 130,
        "procedural-slight-drift": 70,
        "procedural-misspelling": 20,
        "procedural-overeager": -10,
        "procedural-other-face": -40,
        "procedural-pasted": -70,
        "procedural-idle": -100,
    }
)


def derive_password() -> str:
    """The demo's staff password: this site's own, and the same at every start."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"demo staff", hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def ensure_staff() -> None:
    """The demo's login, made once; a password that its owner changed is left alone."""
    users = get_user_model().objects
    if not users.filter(username=STAFF).exists():
        users.create_superuser(username=STAFF, password=derive_password())


def describe_login() -> str:
    user = get_user_model().objects.get(username=STAFF)
    password = derive_password()
    known = user.check_password(password)
    return f"{STAFF} / {password if known else '(the password that you gave it)'}"
