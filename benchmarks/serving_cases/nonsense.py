"""Bodies that no browser sends, each wrong in something that a vote cannot be without."""

import json
import random
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode

from arenas.definitions.models import Arena
from benchmarks.serving_cases import world
from benchmarks.serving_cases.attacks import Account, open_ballot
from benchmarks.serving_cases.browse import FORM, Browser, Form

BODIES_EACH = 100
Sent = tuple[str, bytes, dict[str, str]]  # method, body, headers
VALUES = (
    "", " ", "\0", "banana", "null", "None", "true", "[]", "{}", "-1", "0", "1e999", "NaN",
    "9" * 400, "٣", "½", "\u202eleft", "\U0010ffff", "model_a\n", "MODEL_A", "model_a,tie",
    "' OR 1=1 --", "{{ 7*7 }}", "<script>", "../../etc/passwd", "%00", "%s%n", "a" * 10_000,
    "\r\nSet-Cookie: a=b",
)  # fmt: skip
METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "VOTE")
CHARSETS = ("utf-16", "utf-7", "latin-1", "rot13", "zip", "idna", "banana", "\x80")
EXTRAS = ("strength", "reason", "comment", "spots", "place_0", "answer_0", "viewport")
SPOILT = ("token", "winner", "csrfmiddlewaretoken")


def send_nonsense(arena: Arena, port: int, bodies: int) -> str:
    """Nonsense from one rater after another, who each hold a ballot that could be answered."""
    path, account = f"/arenas/{arena.slug}/vote/", Account()
    rng, before = random.Random(1), world.count_votes(arena)
    for begin in range(0, bodies, BODIES_EACH):
        with Browser(port) as browser:
            form = open_ballot(browser, path)
            for _ in range(begin, min(begin + BODIES_EACH, bodies)):
                method, body, headers = rng.choice(KINDS)(form, rng)
                try:
                    account.note(browser.send(method, path, body, headers))
                except OSError:
                    account.statuses[0] += 1  # the server hung up, as it may
    stored = world.count_votes(arena) - before
    return (
        f"{bodies} nonsense bodies: {stored} stored (target 0), {account.errors} server errors "
        f"(target 0); {dict(account.statuses)}"
    )


def spoil_fields(form: Form, rng: random.Random) -> dict[str, str]:
    """Every field that is not needed may hold anything; one that is needed does."""
    fields = form.fill(rng.choice(form.winners))
    for name in [*fields, *EXTRAS]:
        if name not in SPOILT and rng.random() < 0.5:
            fields[name] = rng.choice(VALUES)
    fields[rng.choice(SPOILT)] = rng.choice(VALUES)
    return fields


def send_form(form: Form, rng: random.Random) -> Sent:
    return "POST", urlencode(spoil_fields(form, rng), errors="replace").encode(), FORM


def send_incomplete(form: Form, rng: random.Random) -> Sent:
    """A form without something that it needs."""
    fields = form.fill(rng.choice(form.winners))
    del fields[rng.choice(SPOILT)]
    return "POST", urlencode(fields).encode(), FORM


def send_twice(form: Form, rng: random.Random) -> Sent:
    """A form with a field named again, the last of them nonsense."""
    pairs = [*form.fill(rng.choice(form.winners)).items(), *spoil_fields(form, rng).items()]
    pairs.append(("winner", rng.choice(VALUES)))
    return "POST", urlencode(pairs, errors="replace").encode(), FORM


def send_bytes(form: Form, rng: random.Random) -> Sent:
    """No text at all, with part of a form in it."""
    noise = rng.randbytes(rng.randrange(2_000))
    return "POST", f"token={quote_plus(form.token)}&winner=".encode() + noise, FORM


def send_charset(form: Form, rng: random.Random) -> Sent:
    """In an encoding that the header names and that may not even be one of text."""
    kind = rng.choice(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    header = {"Content-Type": f"{kind}; charset={rng.choice(CHARSETS)}"}
    return "POST", urlencode(spoil_fields(form, rng), errors="replace").encode(), header


def send_json(form: Form, rng: random.Random) -> Sent:
    value = rng.choice([form.fill("model_a"), [form.token], None, {"winner": {"$ne": 1}}])
    return "POST", json.dumps(value).encode(), {"Content-Type": "application/json"}


def send_multipart(form: Form, rng: random.Random) -> Sent:
    """Parts that are files, break off, or are not those that were announced."""
    fields = spoil_fields(form, rng)
    disposition = rng.choice(['form-data; name="{}"', 'form-data; name="{}"; filename="{}"', "{}"])
    parts = [
        f"--x\r\nContent-Disposition: {disposition.format(name, name)}\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    ]
    body = "".join([*parts, "--x--\r\n"]).encode(errors="replace")
    boundary = rng.choice(["x", "x", "y", "", "\x7f" * 80])
    header = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return "POST", body[: rng.randrange(len(body))], header


def send_large(form: Form, rng: random.Random) -> Sent:
    """More bytes, or more fields, than any vote has."""
    many = "&".join(f"f{n}=1" for n in range(3_000))
    large = "comment=" + "a" * 1_200_000
    fields = urlencode(form.fill(rng.choice(form.winners)))
    return "POST", f"{fields}&{rng.choice([many, large])}&winner=banana".encode(), FORM


def send_method(form: Form, rng: random.Random) -> Sent:
    fields = form.fill(rng.choice(form.winners))
    return rng.choice(METHODS), urlencode(fields).encode(), FORM


def send_button(form: Form, rng: random.Random) -> Sent:
    """Another button than one that answers, of a ballot that is none."""
    fields = spoil_fields(form, rng) | {"token": rng.choice(VALUES)}
    del fields["winner"]
    fields[rng.choice(["undo", "skip"])] = rng.choice(VALUES)
    return "POST", urlencode(fields, errors="replace").encode(), FORM


def send_cookies(form: Form, rng: random.Random) -> Sent:
    """A whole answer by somebody whose cookies say nothing that the site has signed."""
    csrf = form.fields.get("csrfmiddlewaretoken", "")
    cookie = f"csrftoken={csrf}; rater={quote_plus(rng.choice(VALUES)[:200])}:x:y"
    body = urlencode(form.fill(rng.choice(form.winners))).encode()
    return "POST", body, FORM | {"Cookie": cookie}


KINDS: tuple[Callable[[Form, random.Random], Sent], ...] = (
    *(send_form,) * 6, send_incomplete, *(send_twice,) * 2, send_bytes, send_charset, send_json,
    *(send_multipart,) * 2, send_large, send_method, send_button, send_cookies,
)  # fmt: skip
