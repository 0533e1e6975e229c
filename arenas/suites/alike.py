"""When prompts are the same task, and what two of them may have in common."""

from arenas.suites.load import hash_content
from arenas.suites.models import Prompt


def hash_task(prompt: Prompt) -> str:
    """The SHA-256 of what models are asked: the words, but for case and spacing, and references.

    Unlike the content hash it is the same in any suite, under any id and category.
    """
    return hash_content([fold_text(prompt), sorted(list_pictures(prompt))])


def list_traits(prompt: Prompt) -> frozenset[str]:
    """What another prompt may share with it: its words as a whole, and each of its references."""
    return frozenset((f"text:{fold_text(prompt)}", *map("image:{}".format, list_pictures(prompt))))


def fold_text(prompt: Prompt) -> str:
    return " ".join(prompt.text.split()).casefold()


def list_pictures(prompt: Prompt) -> list[str]:
    """The hashes of its references."""
    return [reference.image.sha256 for reference in prompt.references.all()]
