"""The process that measures: it loads each check's models once, and lives as long as its parent.

A request is pickled: pictures, or None for those of the request before, and the name of a check.
The answer is JSON: the finding, and the seconds of a processor that it took. Its parent trusts it
with no more than words and numbers, so that it sends no pickle.
"""

import json
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import cv2

import metrics.checks
from metrics.checks.base import Subject, make_check
from metrics.results.children.bounds import begin
from metrics.results.children.frames import Ended, read_frame, write_frame
from metrics.results.measure import make_subject, measure


def main() -> None:
    source, sink = begin()
    metrics.checks.__path__ = sys.argv[2:]
    cv2.setNumThreads(1)
    subject: Subject | None = None
    with suppress(Ended):
        while True:
            given, name = pickle.loads(read_frame(source))
            subject = make_subject(given) if given else subject
            del given  # the pixels are held once
            assert subject is not None
            write_frame(sink, json.dumps(answer(name, subject)).encode())


def answer(name: str, subject: Subject) -> dict[str, Any]:
    began = time.process_time()
    finding = measure(make_check(name), subject)
    return {"finding": asdict(finding), "cpu_seconds": time.process_time() - began}


if __name__ == "__main__":
    main()
