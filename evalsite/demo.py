"""What the demo is made of: its files, its staff login, its links."""

import base64
import hashlib
import hmac
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from arenas.candidates.progress import measure_progress
from arenas.candidates.runs import Wish
from arenas.competitors.models import Competitor
from arenas.definitions.competitors import load_competitors
from arenas.definitions.enter import enter_competitors
from arenas.definitions.models import Arena
from arenas.votes.simulate import World
from evalsite.env import ROOT, env

SUITES = [ROOT / "fixtures" / "suites" / "capabilities.yaml"]
ARENAS = [ROOT / "fixtures" / "arenas" / name for name in ("demo.yaml", "study.yaml")]
EVALS = [ROOT / "fixtures" / "evals" / "demo.yaml"]
REGISTRY = ROOT / "fixtures" / "competitors" / "google.yaml"
REAL = ("gemini-3.1-flash-image", "gemini-3.1-flash-lite-image", "gemini-2.5-flash-image")
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
LEAST = Decimal("0.000001")  # USD that a budget can hold
SLUG = "demo"
STUDY = "demo-study"
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


def has_key() -> bool:
    """Whether real models can be called."""
    return any(env(name) for name in KEYS)


def read_budget() -> Decimal:
    """What all starts of the demo together may spend. Raises ImproperlyConfigured."""
    try:
        budget = Decimal(env("DEMO_BUDGET_USD")).quantize(LEAST)
        if 0 < budget <= 1_000_000:
            return budget
    except InvalidOperation:
        pass
    raise ImproperlyConfigured("DEMO_BUDGET_USD must be an amount of USD above 0, as in 2.50")


def enter_real(arena: Arena, *, now: datetime) -> None:
    """Have real models join the arena. Those that its file has withdrawn since come back."""
    load_competitors(REGISTRY)
    real = Competitor.objects.filter(name__in=REAL)
    everybody = list(dict.fromkeys([*arena.competitors(), *real]))
    enter_competitors(arena, everybody, now=now, withdraw_others=True)


def select_real(arena: Arena) -> QuerySet[Competitor]:
    """The models of the arena that cost money."""
    return arena.competitors().filter(name__in=REAL)


def make_wish(arena: Arena) -> Wish:
    """What a start of the demo asks for: what earlier starts have spent is spent."""
    if not select_real(arena).exists():
        return Wish()
    spent = measure_progress(arena)[0].cost_usd
    return Wish(budget_usd=max(read_budget() - spent, LEAST))


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
