"""A process that checks ranges: reads jobs from stdin, writes their results to stdout.

Started by `pool`.
"""

from __future__ import annotations

import gc
import pickle
import signal
import sys
from typing import BinaryIO

from filesync.core.content.frame import Frame
from filesync.core.content.lines import LineChecker
from filesync.local.content.ranges import FileChanged, check_range

GREETING = b"filesync worker 1\n"


def main() -> None:
    """Answer jobs until stdin ends; an interrupt is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What parsing makes is freed by its reference counts; looking for circles costs a tenth.
    gc.disable()
    jobs, results = sys.stdin.buffer, sys.stdout.buffer
    results.write(GREETING)
    results.flush()
    _answer(jobs, results)


def _answer(jobs: BinaryIO, results: BinaryIO) -> None:
    known: tuple[Frame, LineChecker] | None = None
    while True:
        try:
            job = pickle.load(jobs)
        except EOFError:
            return
        if known is None or known[0] != job.frame:
            known = job.frame, LineChecker(job.frame)
        result: object
        try:
            result = check_range(job, known[1])
        except FileChanged:
            result = FileChanged()
        except OSError as error:
            result = error
        pickle.dump(result, results)
        results.flush()


if __name__ == "__main__":
    main()
