"""A check of the tests' own that does what its prompt says, all of it bad."""

import os
import signal
import sys
import time

from metrics.checks.base import BaseCheck, Box, Finding, Measure, PromptFacts, Subject


class Check(BaseCheck):
    """How often it was called in this process."""

    version = "1"
    title = "Misbehaving"
    measures = (Measure("calls", "", 0, 1000, 0, "How often it was called.", headline=True),)
    calls = 0

    def applies(self, prompt: PromptFacts) -> bool:
        return True

    def measure(self, subject: Subject) -> Finding:
        Check.calls += 1
        match subject.prompt.text:
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hang":
                time.sleep(600)
            case "swell":
                held = [bytes(range(256)) * 40_000 for _ in range(100)]
                time.sleep(600 + len(held))
            case "print":
                sys.stdout.write("not for the pipe" * 10_000)
            case "secrets":
                names = sorted(set(os.environ) & {"SECRET_KEY", "DATABASE_URL"})
                return Finding(not_measurable=f"secrets: {names}")
            case "evidence":
                box = Box("image:0", 0, 0, 1, 1, "a\0b")
                return Finding({"calls": 1.0}, boxes=(box,))
            case "raise":
                raise ZeroDivisionError("no pixels")
        return Finding({"calls": float(Check.calls)})
