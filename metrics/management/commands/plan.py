from argparse import ArgumentParser
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.management.arguments import find_eval
from metrics.regressions.planner import POWER, CannotPlan, Planned, Wish, make_plan
from metrics.stats.regression_plan import Stop

BAR = 40


class Command(BaseCommand):
    help = (
        "Say how many prompts, samples and votes a regression eval takes to notice a difference, "
        "and what they cost."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--eval", metavar="NAME", help="whose settings, pictures and votes are gone by")
        add("--difference", type=float, metavar="D", help="that is to be noticed")
        add("--unit", default="", help="points or elo of people's win rate, or a measure's name")
        add("--power", type=float, default=POWER, metavar="P")
        add("--error", type=float, metavar="E", help="the error rate of a run")
        add("--prompts", type=int, metavar="N", help="say what so many prompts can show")
        add("--samples", type=int, metavar="N", help="of the challenger, for each prompt")
        add("--baseline-samples", type=int, metavar="N")
        add("--votes", type=int, metavar="N", help="on each prompt")
        add("--price-image", type=float, metavar="USD")
        add("--price-vote", type=float, metavar="USD")

    def handle(self, **options: Any) -> None:
        evaluation = find_eval(options["eval"]) if options["eval"] else None
        wish = Wish(**{each.name: options[each.name] for each in fields(Wish)})
        try:
            planned = make_plan(evaluation, wish)
        except CannotPlan as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(describe(planned)))


def describe(planned: Planned) -> list[str]:
    made, design = planned.plan, planned.design
    return [
        f"{planned.subject}: to notice {write(planned, planned.wanted.difference)} with power "
        f"{planned.wanted.power:g} at an error rate of {planned.wanted.error:g}",
        f"by {planned.known.source}"
        + (f" (usual figures for: {names})" if (names := ", ".join(planned.known.assumed)) else ""),
        "",
        f"prompts at most   {made.most:>8,}   (a single look: {made.fixed:,})",
        f"samples           {design.challenger_samples:>8,}   of the challenger, "
        f"{design.baseline_samples} of the baseline",
        f"votes             {made.votes:>8,}",
        f"USD               {made.usd:>8,.2f}   at most, the first time; "
        f"{planned.later_usd:,.2f} with the baseline's pictures there",
        f"                             {planned.image.usd:g} an image ({planned.image.source}), "
        f"{planned.vote.usd:g} a vote ({planned.vote.source})",
        *describe_prompts(planned),
        "",
        "true difference   decided" + ("   prompts until then, on average" if made.votes else ""),
        *(draw(planned, stop) for stop in made.curve),
        "",
        planned.advice,
    ]


def describe_prompts(planned: Planned) -> list[str]:
    at = planned.at
    if at is None:
        return []
    return [
        f"{at.prompts:,} prompts notice it with power {at.power:.2f}, "
        f"and {write(planned, at.detectable)} with power {planned.wanted.power:g}, "
        f"for {at.usd:,.2f} USD"
    ]


def draw(planned: Planned, stop: Stop) -> str:
    """A row with a bar for the probability."""
    bar = "█" * round(BAR * stop.power)
    difference = write(planned, stop.difference)
    # Votes end when they are enough; pictures are made before the first look at their checks.
    prompts = f"{stop.prompts:>8,.0f}  " if planned.plan.votes else ""
    return f"{difference:>15}   {100 * stop.power:5.1f} %   {prompts}{bar}".rstrip()


def write(planned: Planned, value: float | None) -> str:
    if value is None:
        return "nothing"
    return f"{planned.scale * value:.3g} {planned.unit}".rstrip()
