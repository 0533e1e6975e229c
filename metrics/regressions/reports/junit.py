"""A report as JUnit XML: a test suite with a test case for each criterion.

Elements and attributes are those of the common schema (Jenkins' `junit-10.xsd`), in its order.
"""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from metrics.regressions.reports.words import (
    Report,
    Row,
    is_failure,
    name_outcome,
    say_open,
    write_interval,
    write_number,
)

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
# What XML 1.0 cannot hold, whatever is escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report) -> str:
    """Failed criteria that decide are failures; what is open, or advice, is skipped."""
    root = Element("testsuites", count(report), name="evalsite")
    suite = SubElement(root, "testsuite", describe_suite(report))
    properties = SubElement(suite, "properties")
    for name, value in list_properties(report):
        SubElement(properties, "property", name=name, value=clean(value))
    for row in report["criteria"]:
        add_case(suite, report, row)
    SubElement(suite, "system-out").text = clean(describe_run(report))
    ElementTree.indent(root)
    return f"{DECLARATION}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def count(report: Report) -> dict[str, str]:
    rows = report["criteria"]
    return {
        "tests": str(len(rows)),
        "failures": str(sum(map(is_failure, rows))),
        "errors": "0",
    }


def describe_suite(report: Report) -> dict[str, str]:
    started = datetime.fromisoformat(report["started_at"])
    seconds = (datetime.fromisoformat(report["decided_at"]) - started).total_seconds()
    return {
        "name": clean(report["eval"]),
        **count(report),
        "skipped": str(sum(bool(say_open(row)) for row in report["criteria"])),
        "time": f"{max(seconds, 0):.3f}",
        # The schema's times have no zone.
        "timestamp": started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    }


def list_properties(report: Report) -> list[tuple[str, str]]:
    votes = report["votes"]
    return [
        ("run", str(report["run"])),
        ("outcome", str(report["outcome"])),
        ("reason", report["reason"]),
        ("baseline", report["baseline"]),
        ("challenger", report["challenger"]),
        ("error_rate", f"{report['error_rate']:g}"),
        ("prompts", str(report["prompts"])),
        ("cost_usd", f"{report['cost_usd']:.4f}"),
        ("votes", f"{votes['used']} of {votes['budget']}"),
    ]


def add_case(suite: Element, report: Report, row: Row) -> None:
    case = SubElement(
        suite, "testcase", name=clean(row["name"]), classname=clean(report["eval"]), time="0"
    )
    if open_ := say_open(row):
        message = row["sentence"] if open_ == row["result"] else f"{open_}; {row['sentence']}"
        SubElement(case, "skipped", message=clean(message))
    elif is_failure(row):
        failure = SubElement(case, "failure", message=clean(row["sentence"]), type="regression")
        failure.text = clean(list_worst(row))
    SubElement(case, "system-out").text = clean(describe_row(row))


def list_worst(row: Row) -> str:
    lines = [f"{each['prompt']}: {write_number(each['difference'], row)}" for each in row["worst"]]
    return "\n".join(["The prompts on which it is worst:", *lines])


def describe_row(row: Row) -> str:
    """Oriented as the report is: positive where the challenger is better."""
    return (
        f"{row['sentence']}\n"
        f"difference {write_number(row['mean'], row)} {write_interval(row)}, "
        f"threshold {write_number(row['threshold'], row)}, {row['n']} prompts, "
        f"{row['missing']} missing"
    )


def describe_run(report: Report) -> str:
    return "\n".join([f"{name_outcome(report)}: {report['reason']}", *report["notes"]])


def clean(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)
