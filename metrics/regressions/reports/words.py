"""A report's rows in the words that all its forms share."""

import math
from collections.abc import Mapping
from typing import Any

Report = Mapping[str, Any]
Row = Mapping[str, Any]

OUTCOMES = {"pass": "pass", "fail": "fail", "needs_humans": "needs humans"}


def name_outcome(report: Report) -> str:
    """The outcome in words; what is not decided yet is said to be open."""
    return OUTCOMES.get(str(report["outcome"]), "open")


def is_failure(row: Row) -> bool:
    return row["result"] == "failed" and bool(row["decides"])


def say_open(row: Row) -> str:
    """Why the criterion neither passed nor failed by itself; nothing where it did."""
    if is_failure(row):
        return ""
    if row.get("replaced"):
        return f"people decide in its stead{say_why(row)}"
    if not row["decides"]:
        return f"advice only{say_why(row)}"
    if row["result"] == "undecided":
        return "undecided"
    return say_drift(row)


def say_why(row: Row) -> str:
    return f" ({row['trust_reason']})" if row["trust_reason"] else ""


def say_drift(row: Row) -> str:
    drift = row["drift"]
    return f"it gets worse over the runs, since run {drift['since']}" if drift["alarm"] else ""


def write_number(value: float | None, row: Row) -> str:
    """With a digit more than the threshold has, a sign, and a minus that is one."""
    if value is None:
        return "–"
    size = abs(row["threshold"])
    decimals = max(0, math.ceil(-math.log10(size))) + 1 if size else 3
    text = f"{value:+.{decimals}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def write_amount(value: float | None, row: Row) -> str:
    """The same with the criterion's unit."""
    return f"{write_number(value, row)} {row['unit']}".rstrip() if value is not None else "–"


def write_interval(row: Row) -> str:
    return f"[{write_number(row['lower'], row)}, {write_number(row['upper'], row)}]"
