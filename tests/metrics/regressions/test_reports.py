"""Reports as JUnit XML and as Markdown."""

from xml.etree import ElementTree

from metrics.regressions.reports.junit import write_junit
from metrics.regressions.reports.markdown import LONGEST, write_markdown
from tests.metrics.regressions.reporting import make_failed, make_report, make_row

# Jenkins' junit-10.xsd: children in this order, and attributes; those with a star are required.
SCHEMA = {
    "testsuites": (("testsuite",), {"name", "time", "tests", "failures", "disabled", "errors"}),
    "testsuite": (
        ("properties", "testcase", "system-out", "system-err"),
        {
            "name*", "tests*", "failures", "errors", "group", "time", "skipped", "timestamp",
            "hostname", "id", "package", "file", "log", "url", "version",
        },
    ),
    "properties": (("property",), set()),
    "property": ((), {"name*", "value*"}),
    "testcase": (
        ("skipped", "error", "failure", "system-out", "system-err"),
        {"name*", "classname", "time", "assertions", "status", "group"},
    ),
    "skipped": ((), {"type", "message"}),
    "failure": ((), {"type", "message"}),
    "system-out": ((), set()),
}  # fmt: skip
NASTY = 'a <b> & "c" | `d` ]]> @alice \x00\x1b\ud800 [x](y)\nz'


def check_schema(element):
    children, attributes = SCHEMA[element.tag]
    places = [children.index(child.tag) for child in element]
    assert places == sorted(places), f"{element.tag}: {[child.tag for child in element]}"
    assert set(element.attrib) <= {name.rstrip("*") for name in attributes}
    assert {name[:-1] for name in attributes if name.endswith("*")} <= set(element.attrib)
    for child in element:
        check_schema(child)


def read(report):
    root = ElementTree.fromstring(write_junit(report).encode())
    check_schema(root)
    return root


def test_each_criterion_is_a_test_case_of_the_schema():
    report = make_report(
        make_row("seconds"),
        make_failed(),
        make_row("human", result="undecided", sentence="human could be either."),
        make_failed("style.similarity", decides=False, trust_reason="too few votes"),
    )
    root = read(report)
    [suite] = root
    assert [case.get("name") for case in suite.iter("testcase")] == [
        "seconds", "text.cer", "human", "style.similarity",
    ]  # fmt: skip
    counts = {key: suite.get(key) for key in ("tests", "failures", "skipped", "time", "timestamp")}
    assert counts == {
        "tests": "4", "failures": "1", "skipped": "2", "time": "90.000",
        "timestamp": "2026-03-01T10:00:00",
    }  # fmt: skip
    [failure] = suite.iter("failure")
    assert failure.get("message") == "text.cer rose by 0.034: failed."
    assert "p1: −0.500" in failure.text
    skipped = [each.get("message") for each in suite.iter("skipped")]
    assert skipped[0] == "human could be either."
    assert skipped[1].startswith("advice only (too few votes); ")
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert (properties["outcome"], properties["run"]) == ("fail", "7")


def test_a_pass_that_drifts_is_not_all_green():
    drifting = make_row(drift={"alarm": True, "since": 4})
    [skipped] = read(make_report(drifting, outcome="needs_humans")).iter("skipped")
    assert skipped.get("message").startswith("it gets worse over the runs, since run 4")


def test_whatever_names_hold_it_is_xml():
    report = make_report(make_failed(NASTY, sentence=NASTY), reason=NASTY, challenger=NASTY)
    [case] = read(report).iter("testcase")
    assert case.get("name") == NASTY.replace("\x00\x1b\ud800", "\ufffd\ufffd\ufffd")


def test_markdown_has_the_verdict_the_table_and_the_worst_prompts():
    text = write_markdown(
        make_report(make_row("seconds", unit="%"), make_failed()), address="https://e.org/7"
    )
    assert text.startswith("### ❌ nightly, run 7: fail\n\n`house-v4` against `house-v3`")
    assert "| `seconds` | passed | +0.001 % \\[−0.004, +0.006\\] | −0.020 % |" in text
    assert "| `text.cer` | **failed** |" in text
    assert [line.split(" | ")[1] for line in text.splitlines() if "| −0." in line[-10:]] == [
        "`p1`", "`p2`", "`p3`",
    ]  # fmt: skip
    assert "- generation stopped early" in text
    assert "[The whole report](https://e.org/7)" in text


def test_whatever_names_hold_it_is_one_row_that_calls_nobody():
    text = write_markdown(make_report(make_failed(NASTY, sentence=NASTY), challenger=NASTY))
    row = next(line for line in text.splitlines() if line.startswith("| ``a"))
    said = row.replace("\\|", "").split("`` | ", 1)[1]
    assert said.count("|") == 4  # between the cells, and at the end
    assert "\\<b\\>" in said
    assert "@\u200balice" in said
    assert "\\[x\\](y)" in said


def test_much_to_say_is_cut_at_a_line():
    rows = [make_failed(f"c{n}", sentence="x" * 900) for n in range(100)]
    text = write_markdown(make_report(*rows))
    assert len(text) <= LONGEST + 20
    assert text.endswith("\n\n… (shortened)\n")
