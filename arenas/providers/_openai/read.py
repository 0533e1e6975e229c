"""Reads an answer with pictures in OpenAI's form, whose types nobody has checked before."""

from collections.abc import Mapping
from typing import Any

from arenas.providers._fetch import Fetch
from arenas.providers._pictures import BadPicture, decode_picture, make_part
from arenas.providers.base import ImagePart, Outcome, Status


async def read_answer(answer: Any, fetch: Fetch) -> Outcome:
    """The answer as an outcome of one turn; `fetch` gets a picture that came as a URL."""
    try:
        items = read_items(answer)
        parts = tuple([await read_picture(item, fetch) for item in items])
    except BadPicture as error:
        return report_malformed(str(error), answer)
    usage = read_usage(answer) | {"images": len(parts)}
    if not parts:
        reason = "The service answered without a picture."
        return Outcome(Status.NO_IMAGE, reason=reason, try_again=True, usage=usage)
    revised = [item.revised_prompt for item in items if getattr(item, "revised_prompt", None)]
    details = {"revised_prompts": revised} if revised else {}
    return Outcome(Status.DONE, parts, usage=usage, details=details)


def report_malformed(reason: str, answer: Any = None) -> Outcome:
    usage = read_usage(answer) | {"images": 0}
    return Outcome(Status.MALFORMED, reason=reason, try_again=True, usage=usage)


def read_items(answer: Any) -> list[Any]:
    items = getattr(answer, "data", answer)
    if not isinstance(items, list | None):
        raise BadPicture("The service's answer is not a list of pictures.")
    return items or []


async def read_picture(item: Any, fetch: Fetch) -> ImagePart:
    encoded, url = getattr(item, "b64_json", None), getattr(item, "url", None)
    if encoded is None and isinstance(url, str) and not url.startswith("data:"):
        return make_part(await fetch(url))
    return make_part(decode_picture(url if encoded is None else encoded))


def read_usage(answer: Any) -> dict[str, int]:
    """Tokens by kind, where the service counts them; pictures are what an undivided output is."""
    usage = take(answer, "usage")
    if not take(usage, "total_tokens"):
        return {}
    numbers = {
        f"{side}_{kind}_tokens": take(take(usage, f"{side}_tokens_details"), f"{kind}_tokens")
        for side in ("input", "output")
        for kind in ("text", "image")
    }
    if numbers["output_image_tokens"] is None:
        numbers["output_image_tokens"] = take(usage, "output_tokens")
    return {name: number for name, number in numbers.items() if type(number) is int}


def take(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
