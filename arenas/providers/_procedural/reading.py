"""Reads a prompt by keywords: the place, the hour, the weather, the style, the things in it."""

import re
from dataclasses import dataclass

COLOURS = {
    "red": "#d63a31",
    "orange": "#ef8a2e",
    "yellow": "#f5c830",
    "golden": "#f0b429",
    "green": "#3f9a52",
    "teal": "#239a98",
    "blue": "#3d7cc9",
    "purple": "#7f4fb0",
    "pink": "#ea86ae",
    "brown": "#8a5a36",
    "white": "#f4f3ee",
    "grey": "#8b9096",
    "black": "#24262b",
}
THINGS = (
    "apple", "balloon", "ball", "bird", "boat", "book", "candle", "chair", "clock", "crown", "cube",
    "cup", "flower", "hat", "house", "kite", "lantern", "lighthouse", "moon", "scarf", "sunglasses",
    "teapot", "tent", "tree", "umbrella", "vase",
)  # fmt: skip
NUMBERS = {"a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5}
NUMBERS |= {"six": 6}

# The first kind whose word occurs wins, so the more particular ones stand first.
PLACES = (
    ("lunar", r"surface of the moon"),
    ("space", r"\bspace\b|planet|orbit"),
    ("board", r"chalkboard"),
    ("wall", r"brick wall"),
    ("paper", r"plain paper"),
    ("library", r"library|\bbooks?\b.*shel"),
    ("market", r"market"),
    ("room", r"room\b|kitchen|workshop|caf[eé]|white wall|office"),
    ("desert", r"desert"),
    ("forest", r"forest"),
    ("sea", r"\bsea\b|beach|harbour|pier|terrace|lighthouse|coast|cliff"),
    ("peaks", r"mountain|summit|peaks"),
    ("city", r"city|street|rooftop|skyline|rooftops|town|detective|jazz"),
    ("hills", r"meadow|hill|park|garden|field|cottage|tent|snow"),
    ("studio", r"studio|backdrop|glamour|advertisement|portrait|trade fair|magazine"),
)
HOURS = (
    ("night", r"\bnight|moon|stars|midnight"),
    ("sunset", r"sunset|golden hour"),
    ("dusk", r"dusk|evening"),
    ("dawn", r"dawn|sunrise|morning"),
    ("overcast", r"overcast|fog|rain"),
)
SEASONS = (
    ("winter", r"snow|winter"),
    ("autumn", r"autumn"),
    ("spring", r"spring"),
    ("summer", r"summer"),
)
WEATHERS = (("snow", r"snow(?!y)|winter"), ("rain", r"\brain"), ("fog", r"fog"))
STYLES = (
    ("glamour", r"1980s|glamour"),
    ("woodblock", r"woodblock"),
    ("watercolour", r"watercolou?r"),
    ("pencil", r"pencil"),
    ("popart", r"pop art"),
    ("oil", r"oil painting"),
    ("noir", r"\bnoir\b"),
    ("pixel", r"pixel art"),
    ("vintage", r"vintage"),
    ("comic", r"comic"),
)
SURFACES = (
    ("billboard", r"billboard"),
    ("neon", r"neon sign"),
    ("chalk", r"chalkboard"),
    ("banner", r"banner"),
    ("warning", r"warning sign"),
    ("wood", r"wooden sign"),
    ("cover", r"cover\b"),
    ("notice", r"announcement on plain paper"),
    ("plate", r"\bsign\b"),
)
_ITEM = re.compile(
    rf"\b(?:(?P<count>{'|'.join(NUMBERS)}) )?(?:(?!\b(?:{'|'.join(NUMBERS)})\b)\w+ ){{0,1}}?"
    rf"(?:(?P<colour>{'|'.join(COLOURS)}) )?(?P<thing>{'|'.join(THINGS)})s?\b(?! cover)"
)


@dataclass(frozen=True, slots=True)
class Setting:
    place: str
    hour: str
    season: str
    weather: str
    style: str
    backdrop: str  # a colour that the prompt names for the ground of the picture
    table: bool
    mountains: bool  # behind the sea
    calm: bool  # the prompt asks for an empty sky


@dataclass(frozen=True, slots=True)
class Item:
    thing: str
    colours: tuple[str, ...]  # of each copy, a name of COLOURS, or empty for the thing's own
    side: int  # -1 left, 0 free, 1 right
    introduced: bool  # by an article or a number: not a thing that is already there


def _first(table: tuple[tuple[str, str], ...], text: str, otherwise: str) -> str:
    return next((name for name, pattern in table if re.search(pattern, text)), otherwise)


def read_setting(text: str, *, otherwise: str) -> Setting:
    """The setting of one picture; `otherwise` is the place where the text names none."""
    asked = re.sub(r'"[^"]*"|\b(?:no|without any|without) \w+', " ", text.lower())
    backdrop = re.search(rf"({'|'.join(COLOURS)}) backdrop|on ({'|'.join(COLOURS)})\b", asked)
    colour = next(filter(None, backdrop.groups()), "") if backdrop else ""
    return Setting(
        place=_first(PLACES, asked, "studio" if colour else otherwise),
        hour=_first(HOURS, asked, "day"),
        season=_first(SEASONS, asked, "summer"),
        weather=_first(WEATHERS, asked, ""),
        style=_first(STYLES, asked, ""),
        backdrop=colour,
        table="table" in asked,
        mountains="mountain" in asked,
        calm=bool(re.search(r"no moon|no stars|empty sky|nothing else|minimal", text.lower())),
    )


def read_surface(text: str) -> str:
    """What carries the words; a poster where nothing else is named."""
    return _first(SURFACES, text.lower(), "poster")


def read_items(text: str) -> list[Item]:
    """The things to be drawn, in order, from left to right as far as the text says so."""
    plain = re.sub(r"\b(?:no|without) \w+(?: and no \w+)*", " ", text.lower())
    plain = re.sub(r'"[^"]*"', " ", plain)
    found = list(_ITEM.finditer(plain))
    items = [_item(m, plain, _side(plain, found, i)) for i, m in enumerate(found) if _meant(m)]
    if re.search(r"to the right of", plain):
        items.reverse()
    return items


def _meant(m: re.Match[str]) -> bool:
    """Not an uncounted plural (`full of books`), nor the moon that only lights a night."""
    if m["thing"] == "moon":
        return bool(m["colour"] or "full" in m[0])
    return bool(m["count"] or m["colour"]) or not m[0].endswith("s") or m["thing"] == "sunglasses"


def _item(m: re.Match[str], text: str, side: int) -> Item:
    count = NUMBERS.get(m["count"] or "a", 1)
    colours = [m["colour"] or ""] * count
    if count > 1 and not m["colour"]:
        mixed = rf"({'|'.join(NUMBERS)}|left one|right one) ({'|'.join(COLOURS)})\b"
        listed = [
            c for n, c in re.findall(mixed, text[m.end() :]) for _ in range(NUMBERS.get(n, 1))
        ]
        colours = (listed + colours)[:count]
    return Item(m["thing"], tuple(colours), side, bool(m["count"]))


def _side(text: str, found: list[re.Match[str]], i: int) -> int:
    end = found[i + 1].start() if i + 1 < len(found) else len(text)
    after = text[found[i].end() : end]
    if re.search(r"on the left|upper left|in the left", after):
        return -1
    return 1 if re.search(r"on the right|upper right", after) else 0


def read_shots(text: str, count: int) -> list[str]:
    """One description per picture: what follows the colon, parted by semicolons."""
    head, colon, listed = text.partition(": ")
    shots = [part.strip(" .") for part in listed.split(";")] if colon else []
    if len(shots) < 2:
        return [text] * count
    repeated = [shots[i % len(shots)] for i in range(count)]
    return [_with_lead(head, shot) for shot in repeated]


def _with_lead(head: str, shot: str) -> str:
    """A shot keeps the style, and failing its own the place, that the lead-in names."""
    style = _first(STYLES, head.lower(), "")
    words = next((p for name, p in STYLES if name == style), "")
    kept = re.search(words, head.lower()) if words else None
    lead = kept.group(0) if kept else ""
    own_place = _first(PLACES, shot.lower(), "")
    place = "" if own_place else next((f"{m} " for m in _place_words(head.lower())), "")
    return f"{shot}, {place}{lead}".rstrip(", ")


def _place_words(head: str) -> list[str]:
    return [m.group(0) for _, p in PLACES if (m := re.search(p, head))]


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)
