"""Nothing that reaches a rater before the vote says who made a picture."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from PIL import Image as Pillow

from arenas.battles.models import Ballot
from arenas.candidates.models import Candidate, Part
from arenas.candidates.store import render_for_arenas
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.images.models import Image
from arenas.images.store import store_image
from tests import factories
from tests.pages import VOTE, body, post, read_ahead, read_pictures, read_token, text

NAMES = ("zebra-ultra", "yak-nano", "xerus-pro")
PROVIDERS = ("quokkacloud", "quokka-image-7")


# The numbers of rows begin here, so that a page's own numbers are none of them.
FIRST = 770_001
NUMBERED = ("candidate", "competitor", "battle", "ballot", "prompt", "image", "rendition", "rater")


@pytest.fixture
def blind(tmp_path: Path, db: None) -> Arena:
    """A world whose competitors have names and settings that occur nowhere by chance."""
    with connection.cursor() as cursor:
        for name in NUMBERED:
            cursor.execute("SELECT setval(%s, %s)", [f"arenas_{name}_id_seq", FIRST])
    for name in NAMES:
        Competitor.objects.create(
            name=name,
            provider="quokkacloud",
            model="quokka-image-7",
            params={"watermark": "narwhal"},
            link="https://walrus.example/",
        )
    arena = factories.make_world(tmp_path, names=NAMES)
    Candidate.objects.update(model_version="ocelot-3", response_id="ibis-9", seconds=4.25)
    # Wide and narrow, light and heavy, with its maker's name inside.
    for number, candidate in enumerate(Candidate.objects.all()):
        sign(candidate, number)
    return arena


def sign(candidate: Candidate, number: int) -> None:
    """Give the candidate a picture of its own size that names its maker in every way it can."""
    picture = Pillow.effect_noise((40 + 5 * number, 90 - 5 * number), 90).convert("RGB")
    exif = Pillow.Exif()
    exif[0x0131] = candidate.competitor.name
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif, comment=candidate.competitor.name.encode())
    image = store_image(buffer.getvalue())
    Part.objects.filter(candidate=candidate).update(image=image)
    thought = store_image(factories.png("white", (10 + number, 10)))
    Part.objects.create(candidate=candidate, position=1, image=thought, thought=True)
    render_for_arenas(candidate, [image])


@dataclass(frozen=True)
class Seen:
    """One answer of the site, as it arrives."""

    status: int
    headers: frozenset[tuple[str, str]]
    cookies: str
    body: bytes

    @property
    def everything(self) -> bytes:
        return f"{sorted(self.headers)} {self.cookies}".encode() + self.body


def see(response: HttpResponseBase) -> Seen:
    return Seen(
        response.status_code,
        frozenset(response.headers.items()),
        response.cookies.output(),
        body(response),
    )


def rate_everything(client: Client) -> list[Seen]:
    """All that a rater gets from the first page to the last; the nine pictures stand last."""
    answers = [see(client.get("/")), see(client.get(VOTE))]
    urls: set[str] = set()
    while read_pictures(page := answers[-1].body.decode()):
        urls |= {*read_pictures(page), *read_ahead(page)}
        answers.append(see(post(client, read_token(page))))
    return answers + [see(client.get(url)) for url in sorted(urls)]


def test_no_answer_to_a_rater_names_a_competitor(blind: Arena, client: Client) -> None:
    answers = rate_everything(client)
    assert len(answers) == 20
    secrets = [*NAMES, *PROVIDERS, "narwhal", "walrus", "ocelot", "ibis-9", "4.25", "originals"]
    for answer in answers:
        for secret in secrets:
            assert secret.encode() not in answer.everything.lower()


def test_no_attribute_holds_the_number_of_a_row(blind: Arena, client: Client) -> None:
    ballot = text(client.get(VOTE)).partition('id="ballot"')[2]
    # A random token may hold digits between its hyphens, and a hash anything.
    ballot = re.sub(r'"[\w-]{32}"|[0-9a-f]{64}', "", ballot)
    numbers = [int(number) for number in re.findall(r"\d+", ballot)]
    assert numbers
    assert max(numbers) < FIRST


def test_pictures_are_named_by_the_hash_of_what_is_shown(blind: Arena, client: Client) -> None:
    page = text(client.get(VOTE))
    originals = set(Image.objects.values_list("sha256", flat=True))
    for url in read_pictures(page) + read_ahead(page):
        assert re.fullmatch(r"/images/[0-9a-f]{64}", url)
        assert url.removeprefix("/images/") not in originals


def test_the_headers_of_all_pictures_are_the_same(blind: Arena, client: Client) -> None:
    pictures = rate_everything(client)[-9:]
    assert {picture.status for picture in pictures} == {200}
    assert len({picture.headers for picture in pictures}) == 1


def test_all_pictures_have_the_same_length(blind: Arena, client: Client) -> None:
    pictures = rate_everything(client)[-9:]
    assert {dict(picture.headers)["Content-Length"] for picture in pictures} == {"8192"}
    assert {len(picture.body) for picture in pictures} == {8192}


def test_no_header_of_a_picture_tells_when_it_was_made(blind: Arena, client: Client) -> None:
    headers = dict(rate_everything(client)[-1].headers)
    telling = {"ETag", "Last-Modified", "Date", "Age", "Set-Cookie", "Server-Timing"}
    assert not telling & set(headers)
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Disposition"] == "inline"


def test_a_picture_is_pixels_alone(blind: Arena, client: Client) -> None:
    for picture in rate_everything(client)[-9:]:
        with Pillow.open(io.BytesIO(picture.body)) as opened:
            assert not opened.getexif()
            assert opened.size == (64, 64)


def test_what_a_model_thought_is_not_shown(blind: Arena, client: Client) -> None:
    page = text(client.get(VOTE))
    assert len(read_pictures(page)) == len(read_ahead(page)) == 2


def test_the_sides_say_nothing_about_the_order_of_candidates(blind: Arena) -> None:
    for _ in range(12):
        Client().get(VOTE)
    assert {tuple(slots) for slots in Ballot.objects.values_list("slots", flat=True)} == {
        (0, 1),
        (1, 0),
    }
