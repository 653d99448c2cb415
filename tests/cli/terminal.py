"""A terminal to run the command on."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
from collections.abc import Mapping

from tests.cli.harness import CANARY, Forked, Project


def on_terminal(
    project: Project, *args: str, answer: str | None = None, env: Mapping[str, str] = {}
) -> tuple[int, str]:
    """Run the command with a terminal on all three streams; returns its exit code and text.

    `answer` is typed once the first question stands there; None is Ctrl-C.
    """
    ours, theirs = pty.openpty()
    environment = {**project.env, "TERM": "xterm-256color", **env}
    process = Forked(args, project.root, environment, terminal=theirs)
    os.close(theirs)
    seen, answered, patience = b"", False, 10
    try:
        while True:
            while not select.select([ours], [], [], 5)[0]:
                patience -= 1
                assert patience, f"nothing more after {seen!r}"
                if answered and answer is None:
                    # Python overlooks a signal in the moment before it waits for a line.
                    process.send_signal(signal.SIGINT)
            piece = b""
            with contextlib.suppress(OSError):  # how Linux says that the other end is closed
                piece = os.read(ours, 65536)
            if not piece:
                break
            seen += piece
            if (b"[y/N]" in seen or b"[y,n,a,q,?]" in seen) and not answered:
                answered = True
                if answer is None:
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(ours, answer.encode())
    finally:
        os.close(ours)
        process.communicate(60)
        code = process.returncode
    assert code is not None
    text = seen.decode()
    assert CANARY not in text
    assert "Traceback" not in text, text
    return code, text
