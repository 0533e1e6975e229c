"""Rates a vote file without a site: `python -m metrics.rate VOTES`. Knows no Django."""

import argparse
import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

from metrics.reading.files import read_comparisons
from metrics.stats.methods.base import NotConverged, make_method, method_names
from metrics.stats.ranks import RankRule
from metrics.stats.rate import INTERVALS, rate
from metrics.stats.ratings import RatedModel, Ratings

# In a file, each set of models that votes connect is a board of its own.
RULE = RankRule(main_only=False)
MOST_ROUNDS = 100_000
COLUMNS = (
    *("model", "rating", "rating_lower", "rating_upper", "rank", "rank_lower", "rank_upper"),
    *("votes", "wins", "losses", "ties", "both_bad"),
    *("groups", "component", "separated", "no_rank"),
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    try:
        report = _report(options)
    except (NotConverged, ValueError) as error:
        sys.stderr.write(f"metrics.rate: {error}\n")
        return 2
    sys.stdout.write({"json": _as_json, "csv": _as_csv, "table": _as_table}[options.format](report))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="metrics.rate", description="Rate the models of a vote file.")
    parser.add_argument("votes", type=Path, metavar="VOTES.{parquet,csv,jsonl,json}")
    parser.add_argument("--method", choices=method_names(), default="bradley_terry")
    parser.add_argument("--ci", choices=INTERVALS, help="default: sandwich, none for elo")
    parser.add_argument("--rounds", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument(
        "--cluster",
        nargs="+",
        action="extend",
        metavar="COLUMN",
        help="at most two, or none; default: prompt and rater where the file has them",
    )
    parser.add_argument(
        "--prompts",
        choices=("sample", "fixed"),
        default="sample",
        help="whether the file's prompts stand for more prompts, or for themselves",
    )
    parser.add_argument("--tie", choices=("half", "drop"), default="half")
    parser.add_argument("--both-bad", choices=("tie", "drop"), default="tie")
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these rows"
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    options = parser.parse_args(arguments)
    if options.rounds > MOST_ROUNDS:
        parser.error(f"argument --rounds: {MOST_ROUNDS:,} rounds at most")
    return options


def _report(options: argparse.Namespace) -> dict[str, Any]:
    cluster = () if options.cluster == ["none"] else options.cluster
    start = perf_counter()
    comparisons = read_comparisons(
        options.votes,
        where=options.where,
        clusters=cluster,
        in_order=make_method(options.method).needs_order,
    )
    seconds = {"read": perf_counter() - start}
    ratings = rate(
        comparisons,
        method=options.method,
        ci=options.ci,
        tie=options.tie,
        both_bad=options.both_bad,
        cluster=cluster,
        rounds=options.rounds,
        seed=options.seed,
        rule=RULE,
        prompts=options.prompts,
    )
    return _describe(ratings, int(comparisons.votes), seconds | dict(ratings.seconds))


def _describe(ratings: Ratings, votes: int, seconds: dict[str, float]) -> dict[str, Any]:
    settings = ratings.settings
    bootstrap = {"rounds": settings.rounds, "seed": settings.seed}
    return {
        "method": settings.method,
        "ci": settings.ci,
        "votes": votes,
        "models": len(ratings.models),
        "seconds": {name: round(value, 6) for name, value in seconds.items()},
        "settings": {
            "tie": settings.tie,
            "both_bad": settings.both_bad,
            "cluster": settings.cluster,
            "level": settings.level,
            "prompts": settings.prompts,
            "estimand": settings.estimand,
            **(bootstrap if settings.ci == "bootstrap" else {}),
            **ratings.fit.parameters,
        },
        "rows": [_row(row, both_bad=settings.both_bad) for row in ratings.rows],
    }


def _row(row: RatedModel, *, both_bad: str) -> dict[str, Any]:
    """A row as people read it: whole counts, and both_bad among the ties it counts as."""
    cells = {name: value for name, value in asdict(row).items() if name in COLUMNS}
    for name in ("votes", "wins", "losses", "ties", "both_bad"):
        cells[name] = int(cells[name])
    if both_bad == "tie":
        cells["ties"] += cells["both_bad"]
    return cells


def _as_json(report: dict[str, Any]) -> str:
    return json.dumps(report, allow_nan=False) + "\n"


def _as_csv(report: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(report["rows"])
    return text.getvalue()


def _as_table(report: dict[str, Any]) -> str:
    rows = report["rows"]
    clustered = ", ".join(report["settings"]["cluster"]) or "nothing"
    settled = f"{report['method']}, interval {report['ci']}, clustered by {clustered}"
    lines = [f"{report['votes']} votes, {report['models']} models; {settled}"]
    width = max(len(row["model"]) for row in rows)
    for component in sorted({row["component"] for row in rows}):
        lines.append(
            f"\n{'rank':>4} {'range':>7}  {'model':<{width}} {'rating':>7} {'interval':>15}"
            f" {'votes':>8} {'wins':>8} {'losses':>8} {'ties':>8}"
        )
        lines += [_line(row, width) for row in rows if row["component"] == component]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any], width: int) -> str:
    bounds = [row["rating_lower"], row["rating_upper"]]
    interval = "" if None in bounds else "{:.1f}–{:.1f}".format(*bounds)
    ranks = "" if row["rank_lower"] is None else f"{row['rank_lower']}–{row['rank_upper']}"
    counts = " ".join(f"{row[name]:>8}" for name in ("votes", "wins", "losses", "ties"))
    start = f"{row['rank'] or '–':>4} {ranks:>7}  {row['model']:<{width}}"
    notes = "; ".join([row["no_rank"]] * bool(row["no_rank"]) + ["weak prior"] * row["separated"])
    return f"{start} {row['rating']:>7.1f} {interval:>15} {counts}  {notes}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
