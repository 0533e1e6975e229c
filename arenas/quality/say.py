"""How figures are said in words."""


def say_share(share: float) -> str:
    """A share in 0 … 1 as a whole percentage."""
    return f"{100 * share:.0f}\N{NARROW NO-BREAK SPACE}%"
