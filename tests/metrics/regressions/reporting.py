"""A report as runs keep it, for what is written from one."""

from typing import Any


def make_row(name: str = "text.cer", **changes: Any) -> dict[str, Any]:
    """A criterion that passed."""
    return {
        "name": name, "measure": name.partition(" ")[0], "category": "", "unit": "",
        "better": "lower", "margin": 0.02, "target": None, "result": "passed", "decides": True,
        "replaced": False, "trust": "may_gate", "trust_reason": "",
        "sentence": f"{name} fell by 0.001.", "n": 120, "mean": 0.001, "plain_mean": 0.001,
        "lower": -0.004, "upper": 0.006, "threshold": -0.02, "p_pass": 0.001, "p_fail": 1.0,
        "decided_at": 80, "detectable": 0.015, "missing": 3, "clipped": 0,
        "drift": {"alarm": False, "since": None}, "worst": [], **changes,
    }  # fmt: skip


def make_failed(name: str = "text.cer", **changes: Any) -> dict[str, Any]:
    worst = [
        {
            "prompt": f"p{n}",
            "prompt_id": n,
            "difference": -0.5 / n,
            "baseline": [],
            "challenger": [],
        }
        for n in range(1, 6)
    ]
    failed = {"result": "failed", "mean": -0.034, "lower": -0.048, "upper": -0.021, "worst": worst}
    return make_row(name, **{"sentence": f"{name} rose by 0.034: failed.", **failed, **changes})


def make_report(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "eval": "nightly", "run": 7, "outcome": "fail", "reason": "text.cer failed",
        "baseline": "house-v3", "challenger": "house-v4", "error_rate": 0.01,
        "started_at": "2026-03-01T12:00:00+02:00", "decided_at": "2026-03-01T12:01:30+02:00",
        "prompts": 120, "cost_usd": 1.234, "votes": {"used": 0, "budget": 400},
        "criteria": list(rows), "flaky": [], "notes": ["generation stopped early"], "asks": [],
        **changes,
    }  # fmt: skip
