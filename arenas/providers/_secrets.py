"""Keys come from the environment, are handed to SDKs, and are shown to nobody.

`NAME_FILE` names a file that holds the value of `NAME`, which is how container secrets arrive.
"""

import os
from pathlib import Path

HIDDEN = "[secret]"
# Shorter values would blot out ordinary words.
_LEAST = 8
_SECRETS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY")


def read_setting(name: str) -> str:
    """The variable's value, or the content of the file that `NAME_FILE` names, or nothing."""
    value = os.environ.get(name, "").strip()
    file = os.environ.get(f"{name}_FILE", "")
    if value or not file:
        return value
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def redact(text: str) -> str:
    """The text without any key of this process, whoever put it there.

    Services quote the key that they refuse, and a key may be pasted where a name belongs.
    """
    for value in _known_secrets():
        text = text.replace(value, HIDDEN)
    return text


def _known_secrets() -> list[str]:
    """Every secret value, the longest first: one may hold another."""
    named = {name for name in os.environ if name.endswith(("_API_KEY", "_API_KEY_FILE"))}
    names = {name.removesuffix("_FILE") for name in named} | set(_SECRETS)
    values = {read_setting(name) for name in names}
    return sorted((value for value in values if len(value) >= _LEAST), key=len, reverse=True)
