"""The least that Django can do for a vote: one row in, the next pair out. The site's peer.

No middleware, session, cookie, token, transaction or blindness; one insert and one read by key.
"""

import os
import random

from django.conf import settings
from django.core.wsgi import get_wsgi_application

if not settings.configured:
    from evalsite.settings import read_database_url

    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={
            "default": read_database_url(os.environ["DATABASE_URL"]) | {"CONN_HEALTH_CHECKS": False}
        },
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ["SECRET_KEY"],
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )

application = get_wsgi_application()  # before models can be defined

from django.db import connection, models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

PAIRS = 4_500
APPLICATION = f"{__name__}:application"
PAGE = """<div id="ballot"><form method="post" action="/">
<input type="hidden" name="token" value="{pk}"><p>{prompt}</p>
<img src="/images/{left}"><img src="/images/{right}">
<button name="winner" value="model_a">Left</button><button name="winner" value="tie">Equal</button>
<button name="winner" value="model_b">Right</button></form></div>"""


class Pair(models.Model):
    prompt = models.CharField(max_length=200)
    left = models.CharField(max_length=64)
    right = models.CharField(max_length=64)
    objects: models.Manager["Pair"] = models.Manager()

    class Meta:
        app_label = "bare"


class Vote(models.Model):
    pair = models.ForeignKey(Pair, models.PROTECT)
    winner = models.CharField(max_length=8)
    created_at = models.DateTimeField(auto_now_add=True)
    objects: models.Manager["Vote"] = models.Manager()

    class Meta:
        app_label = "bare"


def vote(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        Vote.objects.create(pair_id=int(request.POST["token"]), winner=request.POST["winner"])
    pair = Pair.objects.get(pk=random.randint(1, PAIRS))
    page = PAGE.format(pk=pair.pk, prompt=pair.prompt, left=pair.left, right=pair.right)
    return HttpResponse(page, headers={"Content-Length": str(len(page.encode()))})


def make_tables() -> None:
    """The peer's two tables in the site's database, the pairs filled."""
    with connection.schema_editor() as editor:
        editor.create_model(Pair)
        editor.create_model(Vote)
    Pair.objects.bulk_create(
        Pair(prompt=f"Draw thing {n}.", left="a" * 64, right="b" * 64) for n in range(PAIRS)
    )


urlpatterns = [path("", vote), path("healthz", lambda _: HttpResponse())]
