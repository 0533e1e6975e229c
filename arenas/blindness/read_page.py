"""Read a vote page as a script in the browser could."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

NEAR = 6  # tags and texts before and after a picture that count as its surroundings
Attributes = list[tuple[str, str | None]]


@dataclass(slots=True)
class Page:
    """A page's tags and texts in order, and where in it the candidates' pictures are.

    `nodes` hold what each tag or text says, piece by piece; `pictures` are (place in `nodes`,
    address); `fields` are the form's hidden ones, `buttons` its (name, value).
    """

    html: str
    nodes: list[list[str]] = field(default_factory=list)
    pictures: list[tuple[int, str]] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    texts: int = 0  # characters

    @property
    def token(self) -> str:
        return self.fields.get("token", "")

    def describe(self, known: Collection[str]) -> Iterator[str]:
        """All that the page says, except texts that are `known` to be content."""
        return (piece for node in self.nodes for piece in node if piece not in known)

    def describe_near(self, place: int, known: Collection[str]) -> Iterator[str]:
        """The same of a picture's surroundings."""
        near = self.nodes[max(0, place - NEAR) : place + NEAR + 1]
        return (piece for node in near for piece in node if piece not in known)


def read_page(html: str) -> Page:
    reader = Reader(html)
    reader.feed(html)
    reader.close()
    return reader.page


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.page = Page(html)
        self.ahead = ""  # the tag of the list of what is fetched ahead, while inside it

    def handle_starttag(self, tag: str, attributes: Attributes) -> None:
        page, named = self.page, {name: value or "" for name, value in attributes}
        if tag == "img" and "candidate" in named.get("class", "").split():
            page.pictures.append((len(page.nodes), named.get("src", "")))
        if named.get("id") == "ahead":
            self.ahead = tag
        if self.ahead and "data-src" in named:
            page.ahead.append(named["data-src"])
        if tag == "input" and named.get("type") == "hidden":
            page.fields.setdefault(named.get("name", ""), named.get("value", ""))
        if tag == "button":
            page.buttons.append((named.get("name", ""), named.get("value", "")))
        page.nodes.append([tag, *(f"{tag} {name}={value}" for name, value in named.items())])

    def handle_endtag(self, tag: str) -> None:
        if tag == self.ahead:
            self.ahead = ""

    def handle_data(self, data: str) -> None:
        self.page.texts += len(data)
        if text := " ".join(data.split()):
            self.page.nodes.append([text])

    def handle_comment(self, data: str) -> None:
        self.page.nodes.append([f"comment {data}"])
