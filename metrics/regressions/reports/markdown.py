"""A report as Markdown that fits a comment on a pull request."""

import re

from metrics.regressions.reports.words import (
    Report,
    Row,
    is_failure,
    name_outcome,
    say_open,
    write_amount,
    write_interval,
    write_number,
)

MARKS = {"pass": "✅", "fail": "❌", "needs_humans": "👀"}
# Criteria of which the worst prompts are listed, and how many of each.
LISTED, WORST = 5, 3
# GitHub takes 65,536 characters.
LONGEST = 60_000
SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$])")
# After an at sign, so that nobody is called.
NOTHING = "\u200b"


def write_markdown(report: Report, *, address: str = "") -> str:
    """`address` is where the run's page is, for a link."""
    blocks = [
        f"### {MARKS.get(report['outcome'], '')} {say(report['eval'])}, run {report['run']}: "
        f"{name_outcome(report)}",
        f"{quote(report['challenger'])} against {quote(report['baseline'])} on "
        f"{report['prompts']} prompts: {say(report['reason'])}.",
        write_criteria(report),
        write_worst(report),
        "\n".join(f"- {say(note)}" for note in report["notes"]),
        write_foot(report, address),
    ]
    return shorten("\n\n".join(block for block in blocks if block) + "\n")


def write_criteria(report: Report) -> str:
    head = "| Criterion | Result | Difference | Threshold | Said |\n|---|---|---|---|---|"
    return "\n".join([head, *map(write_row, report["criteria"])])


def write_row(row: Row) -> str:
    result = f"**{row['result']}**" if is_failure(row) else row["result"]
    open_ = say_open(row)
    doubt = f"; {say(open_)}" if open_ and open_ != row["result"] else ""
    difference = f"{write_amount(row['mean'], row)} {write_interval(row)}" if row["n"] else "–"
    cells = [
        quote(row["name"], cell=True),
        result + doubt,
        say(difference),
        say(write_amount(row["threshold"], row)),
        say(row["sentence"]),
    ]
    return f"| {' | '.join(cells)} |"


def write_worst(report: Report) -> str:
    """Of the criteria that failed first, then of those that are open."""
    rows = [row for row in report["criteria"] if row["worst"] and row["result"] != "passed"]
    rows.sort(key=lambda row: (not is_failure(row), row["result"] != "failed"))
    if not rows:
        return ""
    head = "**Worst prompts**\n\n| Criterion | Prompt | Difference |\n|---|---|---|"
    lines = [
        f"| {quote(row['name'], cell=True)} | {quote(each['prompt'], cell=True)} | "
        f"{say(write_number(each['difference'], row))} |"
        for row in rows[:LISTED]
        for each in row["worst"][:WORST]
    ]
    return "\n".join([head, *lines])


def write_foot(report: Report, address: str) -> str:
    votes = report["votes"]
    asked = f", {votes['used']} of {votes['budget']} votes" if votes["budget"] else ""
    link = f" [The whole report]({address})" if address else ""
    return (
        f"<sub>Positive: the challenger is better. Error rate of a run: "
        f"{100 * report['error_rate']:g} %. Cost: {report['cost_usd']:.2f} USD{asked}.{link}</sub>"
    )


def say(text: str) -> str:
    """Text in one line in which nothing is markup."""
    line = SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return line.replace("@", f"@{NOTHING}")


def quote(text: str, *, cell: bool = False) -> str:
    """A name as code, whichever characters it has, so that it mentions and links to nobody."""
    line = " ".join(text.split())
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    # A table is cut at its bars before code is looked for.
    line = line.replace("|", "\\|") if cell else line
    return f"{fence}{pad}{line}{pad}{fence}"


def shorten(text: str) -> str:
    """Whole lines only, where there is too much to say."""
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rpartition("\n")[0] + "\n\n… (shortened)\n"
